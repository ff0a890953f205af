package seal_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/seal"
)

func key(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func ring(t *testing.T, keys ...[]byte) *seal.Ring {
	t.Helper()
	r, err := seal.New(keys)
	require.NoError(t, err)
	return r
}

func TestOpensOnlyInItsPlace(t *testing.T) {
	r := ring(t, key(1))
	sealed := r.Seal([]byte("hush"), "webhooks|wh_1|secret")
	require.NotContains(t, string(sealed), "hush")

	plain, err := r.Open(sealed, "webhooks|wh_1|secret")
	require.NoError(t, err)
	require.Equal(t, "hush", string(plain))

	_, err = r.Open(sealed, "webhooks|wh_2|secret")
	require.Error(t, err)
	sealed[len(sealed)-1] ^= 1
	_, err = r.Open(sealed, "webhooks|wh_1|secret")
	require.Error(t, err)
	_, err = r.Open([]byte("x"), "webhooks|wh_1|secret")
	require.Error(t, err)
}

func TestOldKeyStillOpensAfterReplacement(t *testing.T) {
	sealed := ring(t, key(1)).Seal([]byte("hush"), "p")

	plain, err := ring(t, key(2), key(1)).Open(sealed, "p")
	require.NoError(t, err)
	require.Equal(t, "hush", string(plain))

	_, err = ring(t, key(2)).Open(sealed, "p")
	require.ErrorIs(t, err, seal.ErrUnknownKey)
}

func TestKeysMustHave32Bytes(t *testing.T) {
	_, err := seal.New(nil)
	require.ErrorContains(t, err, "GODWIT_ENCRYPTION_KEY")
	_, err = seal.New([][]byte{key(1), make([]byte, 16)})
	require.ErrorContains(t, err, "key 2")
}

func TestHeadTellsTheKeyThatSealed(t *testing.T) {
	first, second := ring(t, key(1)), ring(t, key(2), key(1))
	sealed := second.Seal([]byte("hush"), "p")
	require.True(t, bytes.HasPrefix(sealed, second.Head()))
	require.False(t, bytes.HasPrefix(sealed, first.Head()))
}
