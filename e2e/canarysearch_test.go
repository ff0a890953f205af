package e2e_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/localpg"
)

// canaries are what must not be found, by what they are.
type canaries map[string][]byte

// in names the canaries that a text holds: as they are, in base64 wherever they
// begin in it, and either of that in hexadecimal, which is how a dump shows
// columns of bytes.
func (c canaries) in(text []byte) []string {
	var found []string
	for name, canary := range c {
		for _, form := range forms(canary) {
			if bytes.Contains(text, form) {
				found = append(found, name)
				break
			}
		}
	}
	return found
}

// forms is how a canary may be written.
func forms(canary []byte) [][]byte {
	out := [][]byte{canary}
	for before := range 3 {
		padded := append(make([]byte, before), canary...)
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			// Only the characters that stand for nothing but the canary.
			first, whole := (before*8+5)/6, len(padded)*8/6
			out = append(out, []byte(encoding.EncodeToString(padded)[first:whole]))
		}
	}
	for _, form := range out {
		out = append(out, []byte(hex.EncodeToString(form)))
	}
	return out
}

func TestACanaryIsFoundInEveryForm(t *testing.T) {
	canary := []byte("cnry-\x00\xff?>-end")
	c := canaries{"it": canary, "another": []byte("nowhere")}
	for before := range 7 {
		around := []byte(strings.Repeat("x", before) + string(canary) + "yz")
		for _, text := range []string{
			string(around), base64.StdEncoding.EncodeToString(around), base64.URLEncoding.EncodeToString(around),
			`\x` + hex.EncodeToString(around), `\x` + hex.EncodeToString([]byte(base64.StdEncoding.EncodeToString(around))),
		} {
			require.Equal(t, []string{"it"}, c.in([]byte("before "+text+" after")), text)
		}
	}
	require.Empty(t, c.in([]byte("cnry-")))
}

// dump gives everything that a database holds, as text.
func dump(t testing.TB, url string) []byte {
	t.Helper()
	program, err := localpg.Program(context.Background(), "pg_dump")
	require.NoError(t, err)
	file := t.TempDir() + "/dump.sql"
	out, err := exec.Command(program, "--data-only", "--file", file, url).CombinedOutput()
	require.NoError(t, err, string(out))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NotEmpty(t, text)
	return text
}
