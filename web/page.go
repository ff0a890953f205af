package web

import (
	"bytes"
	"crypto/rand"
	"html"
	"io/fs"
	"strings"
)

// Policy is the Content-Security-Policy of the app: everything comes from its own
// address, and the only inline styles are those with the nonce.
func Policy(nonce string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-" + nonce + "'; img-src 'self' data:; " +
		"font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
}

// Nonce makes what allows the styles of one page.
func Nonce() string { return rand.Text() }

// Page is the page of the app, whose addresses all begin with base ("/" or
// "/path/"). Without a built app it is a page that says how to get one.
func Page(base, nonce string) []byte { return page(dist, base, nonce) }

func page(files fs.FS, base, nonce string) []byte {
	content, err := fs.ReadFile(files, "dist/index.html")
	if err != nil {
		content = []byte(notBuilt)
	}
	return []byte(strings.NewReplacer("%BASE%", html.EscapeString(base), "%NONCE%", nonce).Replace(string(bytes.TrimSpace(content))))
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
