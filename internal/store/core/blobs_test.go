package core

import (
	"context"
	"testing"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"godwit/internal/pgtest"
	"godwit/internal/seal"
)

func TestBlobsArriveAsTheyAre(t *testing.T) {
	s, err := Open(pgtest.URL(t), &seal.Ring{}, 0, nil)
	require.NoError(t, err)
	defer s.Close()
	const query = `SELECT $1::bytea[]`
	prepared, err := s.Prepared(context.Background(), query)
	require.NoError(t, err)
	all := Blobs{[]byte(`{"a":"\\x00\""}`), {0, 0xff, '\\', '"', '{', ','}, {}, nil}
	for n := range len(all) + 1 {
		want := pq.ByteaArray{}
		for _, blob := range all[:n] {
			want = append(want, append([]byte{}, blob...))
		}
		var got, once pq.ByteaArray
		require.NoError(t, prepared.GetContext(context.Background(), &got, all[:n]))
		require.Equal(t, want, got)
		require.NoError(t, s.HousekeepingPool.DB.GetContext(context.Background(), &once, query, all[:n]))
		require.Equal(t, want, once, "not prepared")
	}
}
