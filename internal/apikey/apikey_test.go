package apikey_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/apikey"
)

func TestKeys(t *testing.T) {
	key := apikey.New()
	require.Regexp(t, regexp.MustCompile(`^gw_[a-z2-7]{8}_[a-z2-7]{39}$`), key)
	require.NotEqual(t, key, apikey.New())
	require.True(t, apikey.Equal(key, apikey.Hash(key)))
	require.False(t, apikey.Equal(key+"x", apikey.Hash(key)))
	require.NotContains(t, string(apikey.Hash(key)), key)
}
