package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/config"
)

func TestAdminKey_IsRefusedWhenItCanBeGuessed(t *testing.T) {
	for key, weak := range map[string]string{
		"k": "shorter", "123456789012345": "shorter", "ключ-админ": "", // 19 bytes
		strings.Repeat("a", 64): "repeats", "abcabcabcabcabcabcabc": "repeats", "00000000000000000000000000000001": "repeats",
		"change-me-change-me": "placeholder", "CHANGE_ME_please_now": "placeholder", "place.holder of admin": "placeholder",
		"0123456789abcdef": "", "5f2c8a1be09d47365f2c8a1be09d4736": "", "gw_abcdefgh_k3jx7q2m5n8p4r6t": "",
	} {
		for _, shape := range []struct {
			env    []string
			strict bool
		}{
			{nil, false},
			{[]string{"GODWIT_LISTEN_ADDR=localhost:8080"}, false},
			{[]string{"GODWIT_LISTEN_ADDR=[::1]:8080"}, false},
			{[]string{"GODWIT_LISTEN_ADDR=:8080"}, true},
			{[]string{"GODWIT_LISTEN_ADDR=0.0.0.0:8080"}, true},
			{[]string{"GODWIT_LISTEN_ADDR=[::]:8080"}, true},
			{[]string{"GODWIT_LISTEN_ADDR=192.0.2.1:8080"}, true},
			{[]string{"GODWIT_LISTEN_ADDR=godwit.internal:8080"}, true},
			{[]string{"GODWIT_PUBLIC_URL=https://hooks.example.com"}, true},
			{[]string{"GODWIT_PUBLIC_URL=http://127.0.0.1:8080"}, false},
		} {
			_, err := config.Parse(append(shape.env, "GODWIT_ADMIN_KEY="+key))
			if weak == "" || !shape.strict {
				require.NoError(t, err, "%s %v", key, shape.env)
				continue
			}
			require.ErrorContains(t, err, "GODWIT_ADMIN_KEY", "%s %v", key, shape.env)
			require.ErrorContains(t, err, weak)
			require.ErrorContains(t, err, "openssl rand -hex 24", "the remedy")
			require.NotContains(t, err.Error(), "\""+key, "the key is a secret")
		}
	}
	_, err := config.Parse([]string{"GODWIT_LISTEN_ADDR=:8080"})
	require.NoError(t, err, "a worker needs no key")
}
