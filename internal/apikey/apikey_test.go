package apikey_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/apikey"
)

func TestKeys(t *testing.T) {
	key := apikey.New()
	require.Regexp(t, regexp.MustCompile(`^gw_[a-z2-7]{8}_[a-z2-7]{39}$`), key)
	require.NotEqual(t, key, apikey.New())
	require.NotEqual(t, apikey.Hash(key), apikey.Hash(key+"x"))
	require.NotContains(t, string(apikey.Hash(key)), key)
}

func TestAKeyIsKnownByItsFormAndChecksum(t *testing.T) {
	key := apikey.New()
	require.True(t, apikey.WellFormed(key))
	require.Equal(t, key[:11], apikey.Prefix(key))
	for i := range key {
		other := byte('a')
		if key[i] == other {
			other = 'b'
		}
		require.False(t, apikey.WellFormed(key[:i]+string(other)+key[i+1:]), "character %d is another one", i)
		require.False(t, apikey.WellFormed(key[:i]), "it ends after %d characters", i)
	}
	for _, bad := range []string{"", "gw_", "a-key-of-the-tests", key + "a", key + "\n", " " + key, strings.ToUpper(key)} {
		require.False(t, apikey.WellFormed(bad), "%q", bad)
	}
}
