package localpg

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFirstNumber(t *testing.T) {
	for text, want := range map[string]int{
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)": 15,
		"postgres (PostgreSQL) 18beta1":                        18,
		"/usr/lib/postgresql/9.6/bin":                          9,
		"/opt/homebrew/opt/postgresql@17/bin":                  17,
		"15\n":                                                 15,
		"":                                                     0,
		"none":                                                 0,
	} {
		require.Equal(t, want, firstNumber(text), text)
	}
}

func TestAClusterNeedsTheReleaseThatMadeIt(t *testing.T) {
	_, err := findBinaries(t.Context(), 13)
	require.ErrorContains(t, err, "made by Postgres 13")

	bin, err := findBinaries(t.Context(), 0)
	require.NoError(t, err)
	again, err := findBinaries(t.Context(), bin.major)
	require.NoError(t, err)
	require.Equal(t, bin, again)
}

func TestLastWords(t *testing.T) {
	for output, want := range map[string]string{
		"": "it said nothing",
		"2026-01-01 00:00:00.000 UTC [7] LOG:  starting\n2026-01-01 00:00:00.000 UTC [7] FATAL:  out of shared memory\nHINT: more\n": "out of shared memory",
		"creating subdirectories ...\ninitdb: error: could not create directory\n":                                                   "could not create directory",
		"postgres: something odd\n": "postgres: something odd",
	} {
		require.Equal(t, want, lastWords(output))
	}
}
