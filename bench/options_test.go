package main

import (
	"errors"
	"flag"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOptions(t *testing.T) {
	opts, err := parseOptions(nil, io.Discard)
	require.NoError(t, err)
	for _, section := range sections() {
		require.True(t, opts.has(section), section)
	}
	opts, err = parseOptions([]string{"-only", "floor,matching", "-events", "7"}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, 7, opts.events)
	require.True(t, opts.has(sectionMatching))
	require.False(t, opts.has(sectionLatency))
}

func TestBadOptions(t *testing.T) {
	for _, args := range [][]string{
		{"-only", "floor,nothing"}, {"-only", ""}, {"-events", "0"}, {"-fanout-events", "-1"}, {"-rate-seconds", "0"},
		{"-wide-events", "0"}, {"-burst-events", "0"}, {"-runs", "0"}, {"-wait", "0s"}, {"-limit", "-1s"}, {"more"}, {"-unknown"},
	} {
		_, err := parseOptions(args, io.Discard)
		require.Error(t, err, args)
	}
	_, err := parseOptions([]string{"-h"}, io.Discard)
	require.True(t, errors.Is(err, flag.ErrHelp))
}
