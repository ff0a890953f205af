package web

import (
	"bytes"
	"crypto/rand"
	"html"
	"io/fs"
	"net/url"
	"strings"
)

// Policy is the Content-Security-Policy of the app: everything comes from its own
// address, but for the logo where one is set, and the only inline styles are those
// with the nonce.
func Policy(nonce, logo string) string {
	from := ""
	if u, err := url.Parse(logo); err == nil && logo != "" {
		from = " " + u.Scheme + "://" + u.Host
	}
	return "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-" + nonce + "'; img-src 'self' data:" + from + "; " +
		"font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
}

// Nonce makes what allows the styles of one page.
func Nonce() string { return rand.Text() }

// Shown is what differs in the page of the app from one installation, and from one
// moment, to the other.
type Shown struct {
	Base  string // all addresses of the app begin with it: "/" or "/path/"
	Nonce string
	Name  string // of the installation
	App   string // what GET /v1/app answers
}

// Page is the page of the app. Without a built app it is one that says how to get one.
func Page(shown Shown) []byte { return page(dist, shown) }

func page(files fs.FS, shown Shown) []byte {
	content, err := fs.ReadFile(files, "dist/index.html")
	if err != nil {
		content = []byte(notBuilt)
	}
	return []byte(strings.NewReplacer("%BASE%", html.EscapeString(shown.Base), "%NONCE%", shown.Nonce, "%NAME%", html.EscapeString(shown.Name), "%APP%", html.EscapeString(shown.App)).Replace(string(bytes.TrimSpace(content))))
}

// Built says whether this binary holds the app.
func Built() bool {
	_, err := fs.Stat(dist, "dist/index.html")
	return err == nil
}

// Icon is the app's icon, an SVG; nil without a built app.
func Icon() []byte {
	content, _ := fs.ReadFile(dist, "dist/icon.svg")
	return content
}

const notBuilt = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Godwit without its web app</title></head>
<body>
<main>
<h1>This Godwit was built without its web app</h1>
<p>Run <code>make build</code> in the source folder to build it with the app; it needs Node.js 20.19 or newer and npm. The API works as it is: <a href="%BASE%docs">its reference</a>.</p>
</main>
</body>
</html>
`
