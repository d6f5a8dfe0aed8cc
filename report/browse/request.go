package browse

import (
	"bytes"
	"context"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/report"
)

// leastProse is the least width that text is laid out for; in a narrower window
// its lines are cut.
const leastProse = 60

// request explains a single request.
func (c Case) request(q finding.Request) opener {
	return func(ctx context.Context) (*pane, error) {
		p := &pane{name: "request", prose: func(k *ink) []string {
			o := k.o
			o.Width, o.Color = k.width, o.Color && k.width >= leastProse
			var b bytes.Buffer
			if err := report.Request(&b, q, c.Analysis, o); err != nil {
				return []string{k.line(plainly(err.Error()))}
			}
			lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
			for i := range lines {
				if k.width < leastProse {
					lines[i] = k.cut(lines[i], k.width)
				}
			}
			return lines
		}}
		return p.begin(ctx)
	}
}
