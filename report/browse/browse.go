// Package browse is the full-screen view of a kept case: causes, hosts, users,
// one user's timeline, one request with its explanation. It is given functions
// that read rows piece by piece, keeps a few hundred of them at a time, and
// never sees where they come from.
package browse

import (
	"context"
	"errors"
	"io"

	tea "charm.land/bubbletea/v2"

	"ipdrift/detect/finding"
	"ipdrift/report"
)

// Case is what is looked at. The functions are called from other goroutines,
// one at a time or several, and end when their context does.
type Case struct {
	Analysis *finding.Analysis
	Refusals func(ctx context.Context) ([]finding.Refusals, error)
	Viewers  func(ctx context.Context, s finding.Scope) (finding.List[finding.Viewer], error)
	Timeline func(ctx context.Context, who finding.ViewerKey, search string) (finding.Timeline, error)
}

// Run shows a case on a terminal until the reader leaves, or ctx ends. Of the
// options Color, ASCII and Case count. An error of reading is shown, and
// returned only where nothing at all could be read.
func Run(ctx context.Context, c Case, in io.Reader, out io.Writer, env []string, o report.Options) error {
	m := newModel(c, o, func(work func(context.Context) tea.Msg) (tea.Cmd, context.CancelFunc) {
		ctx, cancel := context.WithCancel(ctx)
		return func() tea.Msg { return work(ctx) }, cancel
	})
	end, err := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out), tea.WithEnvironment(env), tea.WithoutSignalHandler()).Run()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err != nil {
		return err
	}
	if m, ok := end.(*model); ok && len(m.panes) == 0 && m.fault != nil {
		return m.fault
	}
	return nil
}

// starter begins work beside the view: the command that does it, and what stops
// it.
type starter func(work func(context.Context) tea.Msg) (tea.Cmd, context.CancelFunc)

// stopped reports whether an error is nothing but the end of its work.
func stopped(err error) bool { return errors.Is(err, context.Canceled) }
