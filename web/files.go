package web

import (
	"embed"
	"io/fs"
	"mime"
	"path"
	"strconv"
	"strings"
)

//go:embed all:dist
var dist embed.FS

// File is a file of the app in one encoding.
type File struct {
	Media    string // its Content-Type
	Encoding string // its Content-Encoding; "" = as it is
	Content  []byte
}

// encodings are what files are kept in besides their plain form, the smallest
// first, with the ending that the build gives them.
var encodings = []struct{ name, ending string }{{"br", ".br"}, {"gzip", ".gz"}}

// media are the types of the files that the build makes. A system's own list may
// have others, or none.
var media = map[string]string{
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".svg":   "image/svg+xml",
	".woff2": "font/woff2",
}

// Asset finds a file below assets/, in the smallest encoding that the header
// Accept-Encoding allows. Its name changes with its content.
func Asset(name, acceptEncoding string) (File, bool) {
	return asset(dist, name, acceptEncoding)
}

func asset(files fs.FS, name, acceptEncoding string) (File, bool) {
	name = path.Join("dist/assets", path.Clean("/"+name))
	ending := path.Ext(name)
	found := File{Media: media[ending]}
	if found.Media == "" {
		found.Media = mime.TypeByExtension(ending)
	}
	for _, e := range encodings {
		if !accepts(acceptEncoding, e.name) {
			continue
		}
		if content, err := fs.ReadFile(files, name+e.ending); err == nil {
			found.Encoding, found.Content = e.name, content
			return found, true
		}
	}
	content, err := fs.ReadFile(files, name)
	found.Content = content
	return found, err == nil && !strings.HasSuffix(name, ".br") && !strings.HasSuffix(name, ".gz")
}

// accepts says whether a header Accept-Encoding names an encoding, other than to
// refuse it (RFC 9110, 12.5.3).
func accepts(header, encoding string) bool {
	for entry := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(entry, ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		q, weighed := strings.CutPrefix(strings.ToLower(strings.TrimSpace(params)), "q=")
		weight, err := strconv.ParseFloat(q, 64)
		return !weighed || err == nil && weight > 0
	}
	return false
}
