package main

import (
	"bytes"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestATakenPortIsFoundFirst(t *testing.T) {
	for _, variable := range []string{
		"GODWIT_LISTEN_ADDR", "GODWIT_OPS_ADDR", "GODWIT_STANDALONE_TEMPORAL_ADDR", "GODWIT_STANDALONE_UI_ADDR",
	} {
		t.Run(variable, func(t *testing.T) {
			taken, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer taken.Close()
			addrs := freeAddrs(t, 4)
			dir := t.TempDir()
			var stdout, stderr bytes.Buffer

			code := run(nil, []string{
				"GODWIT_DATA_DIR=" + dir,
				"GODWIT_LISTEN_ADDR=" + addrs[0], "GODWIT_OPS_ADDR=" + addrs[1],
				"GODWIT_STANDALONE_TEMPORAL_ADDR=" + addrs[2], "GODWIT_STANDALONE_UI_ADDR=" + addrs[3],
				variable + "=" + taken.Addr().String(),
			}, &stdout, &stderr)

			require.Equal(t, 1, code)
			require.Equal(t, 1, strings.Count(stderr.String(), "\n"), stderr.String())
			require.Contains(t, stderr.String(), variable)
			require.Contains(t, stderr.String(), taken.Addr().String())
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Empty(t, entries, "nothing was begun")
		})
	}
}

func TestCheckPorts_NamesBothSettingsOfOnePort(t *testing.T) {
	addr := freeAddrs(t, 1)[0]
	err := checkPorts(t.Context(), []port{{"GODWIT_LISTEN_ADDR", addr}, {"GODWIT_STANDALONE_UI_ADDR", addr}})
	require.EqualError(t, err, "GODWIT_LISTEN_ADDR ("+addr+") and GODWIT_STANDALONE_UI_ADDR ("+addr+") have the same port: give each its own")
	require.NoError(t, checkPorts(t.Context(), []port{{"GODWIT_LISTEN_ADDR", addr}}), "it was let go")
}

func TestArguments(t *testing.T) {
	for _, tc := range []struct {
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{args: []string{"--help"}, stdout: "takes no arguments"},
		{args: []string{"version"}, stdout: version + "\n"},
		{args: []string{"--help"}, stdout: "GODWIT_DATA_DIR=.godwit"},
		{args: []string{"serve"}, code: 2, stderr: `unknown argument "serve"`},
	} {
		var stdout, stderr bytes.Buffer
		require.Equal(t, tc.code, run(tc.args, nil, &stdout, &stderr))
		require.Contains(t, stdout.String(), tc.stdout)
		require.Contains(t, stderr.String(), tc.stderr)
	}
}
