package main

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"ipdrift/token"
)

func verifyCommand() *cobra.Command {
	o := &linkFlags{}
	cmd := &cobra.Command{
		Use:   "verify URL",
		Short: "Print the verdict on a link; exit status 0 valid, 4 not valid",
		Long: `verify judges a link as the edge does and prints the verdict and, where one is known,
the detail. Without --ip the link must hold for no address. "ipdrift explain" tells why.`,
		Example: `  ipdrift verify 'https://cdn.example.com/a.mp4?md5=...&expires=...' --ip 203.0.113.9 --key-file secret.key`,
		Args:    want(false, "URL"),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.verify(cmd, args[0]) },
	}
	cmd.Flags().SortFlags = false
	o.register(cmd.Flags())
	o.complete(cmd)
	return cmd
}

func (o *linkFlags) verify(cmd *cobra.Command, raw string) error {
	if err := wantURL(raw); err != nil {
		return err
	}
	l, err := o.read(raw, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	keys, _ := l.keys()
	r := token.NewVerifier(l.scheme).Verify(l.request(), l.policy, keys)
	if r.Verdict == token.Unchecked && len(keys) == 0 {
		return l.lacking(l.host, l.when)
	}
	for _, n := range l.notes {
		say(cmd.ErrOrStderr(), "the URL was cleaned: %s", n)
	}
	words := strings.TrimSpace(r.Verdict.String() + " " + string(r.Detail))
	if _, err := fmt.Fprintln(cmd.OutOrStdout(), words); err != nil && !errors.Is(err, syscall.EPIPE) {
		return err
	}
	if r.Verdict != token.Valid {
		return &failure{status: statusNotValid}
	}
	return nil
}
