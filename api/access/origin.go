package access

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"
)

// SameOrigin refuses what another site than publicURL has a browser do here: the browser
// would send the session along. fail answers.
func SameOrigin(publicURL string, fail func(*gin.Context, *Problem)) gin.HandlerFunc {
	protection := http.NewCrossOriginProtection()
	if u, err := url.Parse(publicURL); err == nil && u.Host != "" {
		// What is in front of Godwit may have changed the header Host.
		_ = protection.AddTrustedOrigin(u.Scheme + "://" + u.Host)
	}
	return func(c *gin.Context) {
		if err := protection.Check(c.Request); err != nil {
			fail(c, NewProblem(CodeForbidden, "A browser asks for this on behalf of another site."))
		}
	}
}
