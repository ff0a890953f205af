//go:build !client

package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/api/history/v1"

	"godwit/internal/app"
	"godwit/internal/config"
	"godwit/workflows"
)

func replayCommand() *cobra.Command {
	var delivery, file string
	var all bool
	var since time.Duration
	var limit int
	c := &cobra.Command{
		Use:   "replay (--delivery ID | --history FILE | --all)",
		Short: "Run a recorded workflow history against this build's code; exit 1 with the first difference",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if all {
				return replayAll(c, since, limit)
			}
			h, err := recorded(c.Context(), delivery, file)
			if err != nil {
				return err
			}
			if err := workflows.Replay(h); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "deterministic: %d events replayed\n", len(h.Events))
			return err
		},
	}
	c.Flags().StringVar(&delivery, "delivery", "", "id of a delivery whose history is fetched from Temporal")
	c.Flags().StringVar(&file, "history", "", "file with a history as Temporal exports it (.json or .json.gz)")
	c.Flags().BoolVar(&all, "all", false, "replay all workflows that run, and those that started within --since: a gate before a deployment")
	c.Flags().DurationVar(&since, "since", time.Hour, "how far back --all looks for workflows that have ended")
	c.Flags().IntVar(&limit, "limit", 10_000, "how many histories --all replays at most")
	c.MarkFlagsMutuallyExclusive("delivery", "history", "all")
	c.MarkFlagsOneRequired("delivery", "history", "all")
	return c
}

// replayAll fails where this build would decide otherwise than a recorded history.
func replayAll(c *cobra.Command, since time.Duration, limit int) error {
	if since < 0 || limit < 1 {
		return errors.New("--since may not be negative, and --limit is at least 1")
	}
	cfg, err := config.Parse(os.Environ())
	if err != nil {
		return err
	}
	r, err := app.ReplayAll(c.Context(), cfg, since, limit)
	if err != nil {
		return err
	}
	if r.Differing > 0 {
		return fmt.Errorf("%d of %d histories don't fit this build, so don't deploy it; the first are:\n%s", r.Differing, r.Histories, strings.Join(r.Differences, "\n"))
	}
	left := ""
	if r.Left {
		left = "; there are more than --limit"
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "deterministic: %d histories replayed, %d of workflows that run%s\n", r.Histories, r.Running, left)
	return err
}

func recorded(ctx context.Context, delivery, file string) (*history.History, error) {
	if file != "" {
		return readFile(file)
	}
	cfg, err := config.Parse(os.Environ())
	if err != nil {
		return nil, err
	}
	return app.History(ctx, cfg, delivery)
}

func readFile(name string) (_ *history.History, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open the history: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, fmt.Errorf("unpack %s: it is no whole gzip file (%w); without .gz at its end the name stands for plain JSON", name, err)
		}
	}
	h, err := workflows.ReadHistory(r)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return h, nil
}
