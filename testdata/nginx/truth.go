package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"

	"ipdrift/testdata/nginx/rig"
)

// keep writes log, truth and key into a folder, and counts the lines by host,
// scenario and verdict.
func (s *stage) keep(out string) (map[[3]string]int, error) {
	answers, err := s.server.Oracle()
	if err != nil {
		return nil, err
	}
	log, err := os.ReadFile(s.server.AccessLog())
	if err != nil {
		return nil, err
	}
	counts := map[[3]string]int{}
	var truth bytes.Buffer
	truth.WriteString("line,host,status,secure_link,verdict,scenario,subscriber,client_ip,signed_ip\n")
	for i, a := range answers {
		p := s.sent[a.Seq]
		verdict := p.verdict(a)
		counts[[3]string{a.Host, p.scenario, verdict}]++
		fmt.Fprintf(&truth, "%d,%s,%d,%s,%s,%s,%s,%s,%s\n", i+1, a.Host, a.Status, a.SecureLink, verdict, p.scenario, p.subscriber, p.client, p.signed)
	}
	for name, data := range map[string][]byte{"video-demo.log.gz": pack(log), "truth.csv.gz": pack(truth.Bytes()), "demo.key": []byte(demoKey + "\n")} {
		if err := os.WriteFile(filepath.Join(out, name), data, 0o644); err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// verdict is nginx's answer, told apart where nginx says only "not good" by how
// the link was made.
func (p purpose) verdict(a rig.Answer) string {
	switch {
	case a.SecureLink == "1":
		return "valid"
	case a.SecureLink == "0":
		return "expired"
	case p.flaw != "":
		return p.flaw
	case p.host.Address(p.signed) == p.host.Address(p.client):
		return "unexplained"
	case p.deadline < int64(a.Start):
		return "expired_ip_mismatch"
	}
	return "ip_mismatch"
}

// pack cannot fail: the level is a known one and a bytes.Buffer takes everything.
func pack(data []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	w.Write(data)
	w.Close()
	return b.Bytes()
}
