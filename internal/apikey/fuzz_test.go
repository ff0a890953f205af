package apikey_test

import (
	"hash/crc32"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/apikey"
)

// A text that passes for a key is one New could have made, with a checksum that
// was worked out the other way round; any other letter in it makes it none.
func FuzzWellFormed(f *testing.F) {
	key := apikey.New()
	for _, seed := range []string{key, key + "\n", " " + key, strings.ToUpper(key), key[:len(key)-1], "gw_", "gw_aaaaaaaa_" + strings.Repeat("a", 39), ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		// A guess hardly ever has the checksum, so each is tried with its own as well.
		if body, _, ok := strings.Cut(text, "\x00"); ok || len(text) == len(key)-7 {
			text = body + sum(body)
		}
		if !apikey.WellFormed(text) {
			return
		}
		require.Len(t, text, len(key))
		require.Equal(t, sum(text[:len(text)-7]), text[len(text)-7:])
		require.True(t, strings.HasPrefix(text, apikey.Prefix(text)+"_"))
		for i := range len(text) {
			other := []byte(text)
			other[i] ^= 1
			require.False(t, apikey.WellFormed(string(other)), "%q for %q", other, text)
		}
	})
}

// sum is CRC-32 in base 32, five bits at a time from the top.
func sum(body string) string {
	const digits = "abcdefghijklmnopqrstuvwxyz234567"
	crc, out := uint64(crc32.ChecksumIEEE([]byte(body)))<<3, ""
	for shift := 30; shift >= 0; shift -= 5 {
		out += string(digits[crc>>shift&31])
	}
	return out
}
