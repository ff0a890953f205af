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

	"github.com/spf13/cobra"
	"go.temporal.io/api/history/v1"

	"godwit/internal/app"
	"godwit/internal/config"
	"godwit/workflows"
)

func replayCommand() *cobra.Command {
	var delivery, file string
	c := &cobra.Command{
		Use:   "replay (--delivery ID | --history FILE)",
		Short: "Run a recorded workflow history against this build's code; exit 1 with the first difference",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
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
	c.MarkFlagsMutuallyExclusive("delivery", "history")
	c.MarkFlagsOneRequired("delivery", "history")
	return c
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
