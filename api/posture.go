package api

import "github.com/gin-gonic/gin"

// posture is what every answer tells browsers and caches, so that nothing of
// the API can be framed, sniffed, kept or run. There is no
// Strict-Transport-Security: Godwit speaks plain HTTP behind whatever ends TLS,
// and that is who can promise it.
var posture = map[string]string{
	"Cache-Control":                "no-store",
	"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
	"Referrer-Policy":              "no-referrer",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
}

// pagePolicy is the Content-Security-Policy of pages: what comes from their own
// address and is no script, and nothing inline.
const pagePolicy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// protect sets the headers of posture.
func protect(c *gin.Context) {
	for name, value := range posture {
		c.Writer.Header().Set(name, value)
	}
}
