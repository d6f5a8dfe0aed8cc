// Package rig runs a real nginx as judge: it writes the configuration, starts
// the installed nginx on a free loopback port, sends request targets byte for
// byte, and reads back what $secure_link said about each. Tokens are signed here
// on their own, so that nothing of the code under test takes part.
package rig

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Server is a running nginx. Do and All share one connection; Dial gives another.
type Server struct {
	*Client
	Dir    string // holds nginx.conf, access.log, oracle.log and error.log
	addr   string
	cmd    *exec.Cmd
	exited chan error
}

// Available returns the path of an nginx that can serve as judge, or why there
// is none and what to install.
func Available() (path, why string) {
	const install = `install Debian's nginx-light (apt-get install nginx-light) or any nginx with secure_link and realip`
	path, err := exec.LookPath("nginx")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/nginx")
	}
	if err != nil {
		return "", "nginx is not installed: " + install
	}
	flags, err := exec.Command(path, "-V").CombinedOutput()
	if err != nil {
		return "", fmt.Sprintf("%s -V failed (%v): %s", path, err, install)
	}
	for _, module := range []string{"http_secure_link_module", "http_realip_module"} {
		if !bytes.Contains(flags, []byte(module)) {
			return "", fmt.Sprintf("%s was built without %s: %s", path, module, install)
		}
	}
	return path, ""
}

// Start runs nginx with its files in dir, which must exist, and returns when it
// accepts connections. The caller must Stop it.
func Start(dir string, conf Conf) (*Server, error) {
	path, why := Available()
	if path == "" {
		return nil, errors.New(why)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	for range 5 { // another process may take the port in between
		var s *Server
		if s, err = start(path, dir, conf); err == nil {
			return s, nil
		}
	}
	return nil, err
}

func start(path, dir string, conf Conf) (*Server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf.text(dir, addr)), 0o600); err != nil {
		return nil, err
	}
	s := &Server{Dir: dir, addr: addr, exited: make(chan error, 1)}
	s.Client = s.Dial()
	s.cmd = exec.Command(path, "-e", filepath.Join(dir, "error.log"), "-p", dir, "-c", file)
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { s.exited <- s.cmd.Wait() }()
	return s, s.ready()
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (s *Server) ready() error {
	for range 500 {
		select {
		case err := <-s.exited:
			return fmt.Errorf("nginx did not start (%v): %s", err, s.errorLog())
		case <-time.After(10 * time.Millisecond):
		}
		if c, err := net.Dial("tcp", s.addr); err == nil {
			return c.Close()
		}
	}
	s.cmd.Process.Kill()
	return fmt.Errorf("nginx does not listen on %s: %s", s.addr, s.errorLog())
}

func (s *Server) errorLog() string {
	text, err := os.ReadFile(filepath.Join(s.Dir, "error.log"))
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text))
}

// Stop ends nginx gracefully; both logs are complete when it returns.
func (s *Server) Stop() error {
	s.Client.Close()
	if err := s.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		return err
	}
	select {
	case err := <-s.exited:
		return err
	case <-time.After(10 * time.Second):
		return errors.Join(errors.New("nginx did not stop within 10 s and was killed"), s.cmd.Process.Kill())
	}
}

// AccessLog is the path of the log that customers would send.
func (s *Server) AccessLog() string { return filepath.Join(s.Dir, "access.log") }
