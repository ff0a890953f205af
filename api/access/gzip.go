package access

import (
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
)

// What can be wrong with a body that is packed.
var (
	ErrCoding  = errors.New("packed in another way than by gzip alone")
	ErrNotGzip = errors.New("not gzip")
)

// HeaderContentEncoding says how a body is packed.
const HeaderContentEncoding = "Content-Encoding"

// contentCoding is how a body is packed; "" = it is not.
func contentCoding(h http.Header) string {
	return strings.ToLower(strings.TrimSpace(strings.Join(h.Values(HeaderContentEncoding), ",")))
}

// unzip reads a body that is compressed, as long as it has at most limit bytes
// when it is not.
func unzip(sent io.Reader, limit int64, read func(io.Reader) ([]byte, error)) ([]byte, error) {
	z, err := gzip.NewReader(sent)
	if err != nil {
		return nil, gzipFault(err)
	}
	raw, err := read(io.LimitReader(z, limit+1))
	switch {
	case err != nil:
		return nil, gzipFault(err)
	case int64(len(raw)) > limit:
		return nil, &http.MaxBytesError{Limit: limit}
	}
	return raw, nil
}

// gzipFault tells bytes that are no gzip from ones that did not arrive.
func gzipFault(err error) error {
	var corrupt flate.CorruptInputError
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrNotGzip
	}
	return err
}
