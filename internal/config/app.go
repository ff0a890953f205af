package config

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// TemporalLinks says who sees links to the Temporal Web UI: all or admins.
type TemporalLinks string

// maxAppName bounds GODWIT_APP_NAME, in characters: it stands in the head of a phone.
const maxAppName = 60

var accentForm = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

// appRules are those of what the web app shows.
func (c Config) appRules() []rule {
	named := strings.TrimSpace(c.AppName) != "" && utf8.RuneCountInString(c.AppName) <= maxAppName && !strings.ContainsFunc(c.AppName, unicode.IsControl)
	return []rule{
		{!named, "GODWIT_APP_NAME", "must be 1 to 60 characters"},
		{c.AppLogo != "" && !webURL(c.AppLogo, "https"), "GODWIT_APP_LOGO", "must be an https:// URL of an image"},
		{c.AppAccent != "" && !accentForm.MatchString(c.AppAccent), "GODWIT_APP_ACCENT", "must be a colour of six hexadecimal digits, such as #0f7480"},
		{c.SignInURL != "" && !webURL(c.SignInURL, "https") && !webURL(c.SignInURL, "http"), "GODWIT_SIGN_IN_URL", "must be an https:// or http:// URL"},
		{c.TemporalLinks != "all" && c.TemporalLinks != "admins", "GODWIT_TEMPORAL_LINKS", "must be all or admins"},
	}
}

// policyHost lets nothing into a Content-Security-Policy that would end its part.
var policyHost = regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?$`)

func webURL(raw, scheme string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Scheme == scheme && policyHost.MatchString(u.Host) && u.User == nil
}
