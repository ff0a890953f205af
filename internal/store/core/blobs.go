package core

import (
	"database/sql/driver"
	"encoding/binary"

	"github.com/lib/pq/oid"
)

// Blobs is an argument that becomes a bytea[]; nil and empty values are empty.
// It goes to Postgres in the binary form of array_send, which the settings of
// Open have the driver use for bytes: as text each byte would take two, with
// quotes around, for both sides to write and to read.
type Blobs [][]byte

// Value implements driver.Valuer.
func (b Blobs) Value() (driver.Value, error) {
	const header, length = 5 * 4, 4
	size := header
	for _, blob := range b {
		size += length + len(blob)
	}
	out := make([]byte, 0, size)
	// Dimensions, no nulls, type of the elements; length and lower bound of the
	// one dimension.
	for _, word := range []uint32{1, 0, uint32(oid.T_bytea), uint32(len(b)), 1} {
		out = binary.BigEndian.AppendUint32(out, word)
	}
	for _, blob := range b {
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(blob))), blob...)
	}
	return out, nil
}
