package detect

import (
	"context"
	"fmt"
	"strings"

	"ipdrift/ingest/fetch"
)

// hosting lists networks whose addresses are servers' (shields, proxies, VPN
// and relay exits), by ASN, as their operators describe them in PeeringDB and
// the registries: large hosts and CDNs, and the exits of iCloud Private Relay
// (https://mask-api.icloud.com/egress-ip-ranges.csv), and no more: a list of all
// would age.
func hosting(asn uint32) bool {
	switch asn {
	case 16509, 14618, // Amazon
		15169, 396982, // Google
		8075,                // Microsoft
		31898,               // Oracle
		36351,               // IBM SoftLayer
		45102,               // Alibaba
		132203,              // Tencent
		20940, 16625, 63949, // Akamai, Linode
		36183,         // Akamai, Private Relay
		13335, 209242, // Cloudflare
		54113,          // Fastly
		199524, 202422, // Gcore
		60068, 212238, // CDN77, Datacamp
		14061,        // DigitalOcean
		16276,        // OVH
		24940,        // Hetzner
		12876,        // Scaleway
		20473,        // Vultr
		51167,        // Contabo
		60781, 28753, // Leaseweb
		9009, 39351, 62240, 8100, 36352: // M247, 31173, Clouvider, QuadraNet, ColoCrossing
		return true
	}
	return false
}

// findBots lists the user agents of link previews and crawlers, and the clients
// in hosting networks.
func (a *analysis) findBots(ctx context.Context) error {
	a.bots, a.hosted = map[uint32]bool{}, map[uint32]bool{}
	if err := fetch.Pages(ctx, a.conn, `SELECT id FROM agent WHERE robot`, func(p fetch.Page) error {
		for _, id := range p.U32(0)[:min(p.Len(), maxBots-len(a.bots))] { // SQL's LIMIT would take one thread
			a.bots[id] = true
		}
		return nil
	}); err != nil {
		return err
	}
	return fetch.Each(ctx, a.conn, `SELECT DISTINCT asn FROM client WHERE asn IS NOT NULL`, func(scan fetch.Scan) error {
		var asn uint32
		err := scan(&asn)
		if hosting(asn) {
			a.hosted[asn] = true
		}
		return err
	})
}

// maxBots bounds how many user agents are remembered: a hostile log invents
// them.
const maxBots = 1 << 18

// setNodesAside makes the requests of nodes what those of shields are: judged,
// and left out of everything that counts viewers. In a case that has grown, what
// was set aside before still tells a node.
func (a *analysis) setNodesAside(ctx context.Context) error {
	if err := a.findBots(ctx); err != nil || len(a.hosted) == 0 {
		return err
	}
	var asns []string
	for asn := range a.hosted {
		asns = append(asns, fmt.Sprint(asn))
	}
	if err := a.loaded.Hits.Write(ctx); err != nil {
		return err
	}
	var nodes, requests int64
	if _, err := a.conn.ExecContext(ctx, `CREATE TABLE work.node AS WITH n AS (
			SELECT c.address FROM hit h JOIN clients c ON c.id = h.client JOIN outcome o ON o.id = h.outcome
			WHERE c.asn IN (`+strings.Join(asns, ", ")+`) AND h.link > 0 AND (NOT o.shield OR `+fmt.Sprint(a.grown())+`)
			GROUP BY c.address HAVING count(DISTINCT h.link) > `+fmt.Sprint(a.Thresholds.NodeTokens)+` AND count(DISTINCT h.agent) >= `+fmt.Sprint(a.Thresholds.NodeAgents)+`)
		 SELECT c.id, c.address FROM clients c SEMI JOIN n USING (address);
		CREATE TABLE work.twin AS SELECT o.id, (SELECT max(id) FROM outcome) + row_number() OVER (ORDER BY o.id) AS twin
		 FROM outcome o WHERE NOT o.shield AND o.id IN (SELECT DISTINCT h.outcome FROM hit h JOIN work.node n ON n.id = h.client);
		INSERT INTO outcome SELECT o.* REPLACE (t.twin::UINTEGER AS id, true AS shield) FROM outcome o JOIN work.twin t ON t.id = o.id;
		UPDATE packed SET outcome = t.twin::UINTEGER FROM work.twin t WHERE packed.outcome = t.id AND packed.rest.client IN (SELECT id FROM work.node)`); err != nil {
		return err
	}
	if err := a.conn.QueryRowContext(ctx, `SELECT count(DISTINCT address) FROM work.node`).Scan(&nodes); err != nil || nodes == 0 {
		return err
	}
	a.changed = true
	if err := a.conn.QueryRowContext(ctx, `SELECT count(*) FROM hit WHERE client IN (SELECT id FROM work.node)`).Scan(&requests); err != nil {
		return err
	}
	a.warnOf("%d {address in a hosting or CDN network is a node (shield, proxy), not a viewer|addresses in hosting or CDN networks are nodes (shields, proxies), not viewers}, with more than %s tokens{| each}: {its|their} %d {request is|requests are} left out", nodes, fmt.Sprint(a.Thresholds.NodeTokens), requests)
	return nil
}
