package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// cookieOf gives the one cookie of an answer.
func cookieOf(t *testing.T, header http.Header) *http.Cookie {
	t.Helper()
	cookies := (&http.Response{Header: header}).Cookies()
	require.Len(t, cookies, 1)
	return cookies[0]
}

// as is a request of a browser that holds the cookie.
func as(cookie *http.Cookie) []string {
	return []string{"Authorization", "", "Cookie", "theme=dark; " + cookie.Name + "=" + cookie.Value}
}

// tokenOf is what a portal link holds.
func tokenOf(t *testing.T, made map[string]any) string {
	t.Helper()
	link, err := url.Parse(made["url"].(string))
	require.NoError(t, err)
	require.Equal(t, "http://example.com/portal", link.Scheme+"://"+link.Host+link.Path)
	require.Empty(t, link.RawQuery)
	return link.Fragment
}

func TestPortalLink_SignsInOnce(t *testing.T) {
	c := newClient(t)
	c.user("u1")
	token := tokenOf(t, c.call("POST", "/v1/portal-sessions", `{"user_id":"u1","expires_in_seconds":60}`).is(201).json())
	for range 3 { // whoever only opens the link
		for _, path := range []string{"/portal", "/portal?token=" + token} {
			page := browse(c.handler, "GET", path)
			require.Equal(t, 200, page.Code)
			require.Empty(t, page.Header().Values("Set-Cookie"))
			require.NotContains(t, page.Body.String(), token)
		}
	}
	body := `{"portal_token":"` + token + `"}`
	for range 3 { // whoever asks for whom it is
		looked := c.call("POST", "/v1/portal-sessions/look", body, "Authorization", "").is(200)
		require.Equal(t, "user", looked.json()["role"])
		require.Equal(t, "u1", looked.json()["user"].(map[string]any)["id"])
		require.Empty(t, looked.Header().Values("Set-Cookie"))
	}
	first := c.call("POST", "/v1/session", body, "Authorization", "").is(201)
	cookie := cookieOf(t, first.Header())
	require.True(t, cookie.HttpOnly)
	require.False(t, cookie.Secure, "it would not come back over plain HTTP")
	require.Equal(t, http.SameSiteLaxMode, cookie.SameSite)
	require.NotEqual(t, token, cookie.Value)
	require.Equal(t, "u1", first.json()["user_id"])

	who := c.call("GET", "/v1/session", "", as(cookie)...).is(200).json()
	require.Equal(t, "user", who["role"])
	require.Equal(t, "u1", who["user_id"])
	require.Equal(t, first.json()["id"], who["id"])
	c.call("GET", "/v1/webhooks", "", as(cookie)...).is(200)
	c.call("GET", "/v1/users", "", as(cookie)...).problem(403, "forbidden")

	for range 2 * maxFailures { // which does not count
		again := c.call("POST", "/v1/session", body, "Authorization", "")
		again.problem(401, "unauthorized")
		require.Contains(t, again.Body.String(), "This link is over")
		require.Empty(t, again.Header().Values("Set-Cookie"))
	}
	c.call("POST", "/v1/portal-sessions/look", body, "Authorization", "").problem(401, "unauthorized")
	c.call("POST", "/v1/portal-sessions/look", `{}`, "Authorization", "").problem(422, "invalid")
	next := tokenOf(t, c.call("POST", "/v1/portal-sessions", `{"user_id":"u1"}`).is(201).json())
	c.call("POST", "/v1/session", `{"portal_token":"`+next+`"}`, "Authorization", "").is(201)
}

// TestPortalLink_OfAnAdmin is made with the bootstrap key alone, and ends with it.
func TestPortalLink_OfAnAdmin(t *testing.T) {
	c := newClient(t)
	made := c.call("POST", "/v1/portal-sessions", `{"role":"admin"}`).is(201).json()
	require.Equal(t, "admin", made["role"])
	require.Nil(t, made["user_id"])
	body := `{"portal_token":"` + tokenOf(t, made) + `"}`
	first := c.call("POST", "/v1/session", body, "Authorization", "").is(201)
	require.Equal(t, "admin", first.json()["role"])
	cookie := cookieOf(t, first.Header())
	c.call("GET", "/v1/companies", "", as(cookie)...).is(200)
	c.call("POST", "/v1/session", body, "Authorization", "").problem(401, "unauthorized")

	key, _ := c.key("admin", "")
	for _, by := range [][]string{as(cookie), {"Authorization", "Bearer " + key}} {
		c.call("POST", "/v1/portal-sessions", `{"role":"admin"}`, by...).problem(403, "forbidden")
	}
	for body, pointer := range map[string]string{`{"role":"admin","user_id":"u1"}`: "/user_id", `{"role":"publisher","user_id":"u1"}`: "/role", `{"role":"user"}`: "/user_id", `{}`: "/user_id"} {
		require.Contains(t, c.call("POST", "/v1/portal-sessions", body).problem(422, "invalid"), pointer, body)
	}
	c.exec(`UPDATE sessions SET key_hash = 'of the key before'`)
	c.call("GET", "/v1/session", "", as(cookie)...).problem(401, "unauthorized")
}

// TestPortalLink_OfAnotherSiteSignsNobodyIn: else someone could be made to work
// in a stranger's account.
func TestPortalLink_OfAnotherSiteSignsNobodyIn(t *testing.T) {
	c := newClient(t)
	c.user("u1")
	token := tokenOf(t, c.call("POST", "/v1/portal-sessions", `{"user_id":"u1"}`).is(201).json())
	c.call("POST", "/v1/session", `{"portal_token":"`+token+`"}`, "Authorization", "", "Sec-Fetch-Site", "cross-site").problem(403, "forbidden")
	c.call("POST", "/v1/session", `{"portal_token":"`+token+`"}`, "Authorization", "").is(201)
}

// TestPortalLink_IsNotBuiltFromAnyHost has a caller send another host's name.
func TestPortalLink_IsNotBuiltFromAnyHost(t *testing.T) {
	c := newClient(t)
	c.user("u1")
	for host, want := range map[string]int{
		"example.com": 201, "localhost:8080": 201, "127.0.0.1:8080": 201, "[::1]:8080": 201, "godwit:8080": 201,
		"evil.example": 422, "203.0.113.9": 422, "127.0.0.1.evil.example": 422, "[2001:db8::1]:8080": 422,
	} {
		c.exec(`DELETE FROM sessions`)
		r := httptest.NewRequest("POST", "/v1/portal-sessions", strings.NewReader(`{"user_id":"u1"}`))
		r.Host = host
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+testKey)
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, r)
		require.Equal(t, want, w.Code, "%s: %s", host, w.Body)
		if want == 201 {
			require.Contains(t, w.Body.String(), `"http://`+host+`/portal#`)
			continue
		}
		require.Contains(t, w.Body.String(), "GODWIT_PUBLIC_URL")
		require.Zero(t, c.count("sessions"))
	}
}

func TestSession_TellsTheNameOfItsUser(t *testing.T) {
	c := newClient(t)
	c.call("PUT", "/v1/users/u1", `{"name":"Una","email":"una@example.com"}`).is(201)
	key, _ := c.key("user", "u1")
	want := map[string]any{"id": "u1", "name": "Una", "email": "una@example.com", "locale": nil}
	require.Equal(t, want, c.call("GET", "/v1/session", "", "Authorization", "Bearer "+key).is(200).json()["user"])
	require.Equal(t, want, c.call("POST", "/v1/session", `{"key":"`+key+`"}`, "Authorization", "").is(201).json()["user"])
	require.Nil(t, c.call("GET", "/v1/session", "").is(200).json()["user"])
}

// TestSession_KeepsTheLanguageOfItsUser: there is none until the user chooses one.
func TestSession_KeepsTheLanguageOfItsUser(t *testing.T) {
	c := newClient(t)
	c.call("PUT", "/v1/users/u1", `{"name":"Una","email":"una@example.com"}`).is(201)
	key, _ := c.key("user", "u1")
	as := []string{"Authorization", "Bearer " + key}
	locale := func() any {
		return c.call("GET", "/v1/session", "", as...).is(200).json()["user"].(map[string]any)["locale"]
	}
	require.Nil(t, locale())
	for _, bad := range []string{`{}`, `{"locale":null}`, `{"locale":"fr"}`, `{"locale":"EN"}`, `{"locale":"de","name":"x"}`} {
		c.call("PATCH", "/v1/session", bad, as...).problem(422, "invalid")
	}
	require.Nil(t, locale())
	for _, language := range []string{"pl", "en"} {
		answer := c.call("PATCH", "/v1/session", `{"locale":"`+language+`"}`, as...).is(200).json()
		require.Equal(t, language, answer["user"].(map[string]any)["locale"])
		require.Equal(t, language, locale())
	}
	require.Contains(t, c.call("PATCH", "/v1/session", `{"locale":"de"}`).is(409).json()["detail"], "no user")
	require.Equal(t, "en", c.call("GET", "/v1/users/u1", "", as...).is(200).json()["locale"])
}

// TestSession_TellsWhatItMayDo asks for everything that it says, and for what it does not.
func TestSession_TellsWhatItMayDo(t *testing.T) {
	c := newClient(t)
	c.call("PUT", "/v1/users/u1", `{"name":"Una","email":"una@example.com"}`).is(201)
	key, _ := c.key("user", "u1")
	for credential, role := range map[string]hook.Role{testKey: hook.RoleAdmin, key: hook.RoleUser} {
		as := []string{"Authorization", "Bearer " + credential}
		may := c.call("GET", "/v1/session", "", as...).is(200).json()["permissions"].([]any)
		require.NotEmpty(t, may)
		for _, r := range (&server{}).routes() {
			if len(r.who) == 0 {
				continue
			}
			answer := c.call(r.method, strings.NewReplacer("{", "x", "}", "").Replace(r.path)+"?nope=1", `{`, as...)
			require.Equal(t, slices.Contains(may, any(r.id)), answer.Code != 403, "%s as %s: %d", r.id, role, answer.Code)
		}
	}
}

// TestSession_CountsForNothingBesideAKey sends both, on every kind of route.
func TestSession_CountsForNothingBesideAKey(t *testing.T) {
	c := newClient(t)
	cookie := cookieOf(t, c.call("POST", "/v1/session", `{"key":"`+testKey+`"}`).is(201).Header())
	key, _ := c.key("user", "u1")
	both := append(as(cookie), "Authorization", "Bearer "+key)
	who := c.call("GET", "/v1/session", "", both...).is(200).json()
	for _, field := range []string{"quotas", "permissions", "user"} {
		delete(who, field)
	}
	require.Equal(t, map[string]any{"id": nil, "role": "user", "user_id": "u1", "expires_at": nil}, who)
	c.call("GET", "/v1/users", "", both...).problem(403, "forbidden")
	c.call("DELETE", "/v1/session", "", both...).is(204)
	c.call("GET", "/v1/companies", "", as(cookie)...).is(200)
	c.call("GET", "/v1/companies", "", append(as(cookie), "Authorization", "Bearer "+"wrong")...).problem(401, "unauthorized")
}

// TestSignIn_IsInsideTheRateLimits counts as the key's other requests do.
func TestSignIn_IsInsideTheRateLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClientWith(t, func(o *Options) {
			o.ManagementRate = 5
			o.Now = func() time.Time { return time.Date(2199, 5, 4, 9, 30, 0, 0, time.UTC) } // after that of the database
		})
		key, _ := c.key("admin", "")
		for range 5 {
			in := c.call("POST", "/v1/session", `{"key":"`+key+`"}`, "Authorization", "").is(201)
			require.NotEmpty(t, in.Header().Get("RateLimit"))
		}
		over := c.call("POST", "/v1/session", `{"key":"`+key+`"}`, "Authorization", "")
		over.problem(429, "rate_limited")
		require.Equal(t, "1", over.Header().Get("Retry-After"))
		require.Equal(t, 5, c.count("sessions"))
		c.call("GET", "/v1/webhooks", "", with(key)...).problem(429, "rate_limited")
	})
}

// TestPortalLink_LeadsToAPage: the path is a parameter, so that nothing in it ends the
// address or reaches into the token.
func TestPortalLink_LeadsToAPage(t *testing.T) {
	c := newClient(t)
	c.user("u1")
	for _, next := range []string{"/webhooks/wh_1/settings", "/deliveries?status=failed&q=a+b#c", "/events/gid:%2F%2Fshop"} {
		body, err := json.Marshal(map[string]string{"user_id": "u1", "next": next})
		require.NoError(t, err)
		link, err := url.Parse(c.call("POST", "/v1/portal-sessions", string(body)).is(201).json()["url"].(string))
		require.NoError(t, err)
		require.Equal(t, "example.com", link.Host)
		require.Equal(t, "/portal", link.Path)
		require.Equal(t, url.Values{"next": {next}}, link.Query())
		require.Regexp(t, "^[A-Z2-7]{26}$", link.Fragment)
		c.call("POST", "/v1/session", `{"portal_token":"`+link.Fragment+`"}`, "Authorization", "").is(201)
	}
}

func TestPortalLinksHaveBounds(t *testing.T) {
	c := newClient(t)
	c.user("u1")
	for body, pointer := range map[string]string{
		`{}`:                   "/user_id",
		`{"user_id":"no id!"}`: "/user_id",
		`{"user_id":"u1","expires_in_seconds":59}`:     "/expires_in_seconds",
		`{"user_id":"u1","expires_in_seconds":604801}`: "/expires_in_seconds",
		`{"user_id":"u1","role":"publisher"}`:          "/role",
		`{"user_id":"u1","key":"k"}`:                   "/key",
		`{"user_id":"u1","next":"//evil.example"}`:     "/next",
		`{"user_id":"u1","next":"/\\evil.example"}`:    "/next",
		`{"user_id":"u1","next":"/\t/evil.example"}`:   "/next",
		`{"user_id":"u1","next":"/%2Fevil.example"}`:   "/next",
		`{"user_id":"u1","next":"https://evil"}`:       "/next",
		`{"user_id":"u1","next":7}`:                    "/next",
	} {
		require.Contains(t, c.call("POST", "/v1/portal-sessions", body).problem(422, "invalid"), pointer, body)
	}
	require.Zero(t, c.count("sessions"))
}

func TestAKeySignsInAsLongAsItIsValid(t *testing.T) {
	c := newClient(t)
	key, id := c.key("user", "u1")
	in := c.call("POST", "/v1/session", `{"key":"`+key+`"}`, "Authorization", "").is(201)
	require.NotContains(t, in.Body.String(), key)
	cookie := cookieOf(t, in.Header())
	require.Equal(t, "u1", c.call("GET", "/v1/session", "", as(cookie)...).is(200).json()["user_id"])
	c.call("DELETE", "/v1/api-keys/"+id, "").is(204)
	c.call("GET", "/v1/session", "", as(cookie)...).problem(401, "unauthorized")
}

func TestTheBootstrapKeySignsIn(t *testing.T) {
	c := newClient(t)
	cookie := cookieOf(t, c.call("POST", "/v1/session", `{"key":"`+testKey+`"}`, "Authorization", "").is(201).Header())
	c.call("GET", "/v1/companies", "", as(cookie)...).is(200)
}

func TestWhoCantSignIn(t *testing.T) {
	c := newClient(t)
	publisher, _ := c.key("publisher", "")
	c.call("POST", "/v1/session", `{"key":"`+publisher+`"}`, "Authorization", "").problem(403, "forbidden")
	c.call("POST", "/v1/session", `{"key":"wrong"}`, "Authorization", "").problem(401, "unauthorized")
	c.call("POST", "/v1/session", `{}`, "Authorization", "").problem(422, "invalid")
	require.Zero(t, c.count("sessions"))
}

func TestGuessesAtSignInAreSlowedDown(t *testing.T) {
	c := newClient(t)
	for range maxFailures {
		c.call("POST", "/v1/session", `{"key":"wrong"}`, "Authorization", "").is(401)
	}
	c.call("POST", "/v1/session", `{"key":"wrong"}`, "Authorization", "").problem(429, "rate_limited")
	c.call("POST", "/v1/session", `{"portal_token":"wrong"}`, "Authorization", "").problem(429, "rate_limited")
	c.call("GET", "/v1/webhooks", "", "Authorization", "", "Cookie", "godwit=wrong").is(429)
}

func TestSigningOutEndsTheSession(t *testing.T) {
	c := newClient(t)
	cookie := cookieOf(t, c.call("POST", "/v1/session", `{"key":"`+testKey+`"}`).is(201).Header())
	out := c.call("DELETE", "/v1/session", "", as(cookie)...).is(204)
	gone := cookieOf(t, out.Header())
	require.Equal(t, cookie.Name, gone.Name)
	require.Negative(t, gone.MaxAge)
	c.call("GET", "/v1/session", "", as(cookie)...).problem(401, "unauthorized")
}

func TestOverTLSTheCookieIsSecure(t *testing.T) {
	c := newClientWith(t, func(o *Options) { o.PublicURL = "https://godwit.example.com/" })
	cookie := cookieOf(t, c.call("POST", "/v1/session", `{"key":"`+testKey+`"}`).is(201).Header())
	require.Equal(t, "__Host-godwit", cookie.Name)
	require.True(t, cookie.Secure)
	c.user("u1")
	made := c.call("POST", "/v1/portal-sessions", `{"user_id":"u1"}`).is(201).json()
	require.True(t, strings.HasPrefix(made["url"].(string), "https://godwit.example.com/portal#"))
}

// TestOtherSitesCantUseTheSession has a browser ask on behalf of another site.
func TestOtherSitesCantUseTheSession(t *testing.T) {
	c := newClientWith(t, func(o *Options) { o.PublicURL = "https://godwit.example.com" })
	cookie := cookieOf(t, c.call("POST", "/v1/session", `{"key":"`+testKey+`"}`).is(201).Header())
	ask := func(headers ...string) int {
		request := httptest.NewRequest("PUT", "http://inside:8080/v1/companies/c1", strings.NewReader(`{"name":"n"}`))
		request.AddCookie(cookie)
		for i := 0; i < len(headers); i += 2 {
			request.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, request)
		return w.Code
	}
	require.Equal(t, 403, ask("Sec-Fetch-Site", "cross-site"))
	require.Equal(t, 403, ask("Sec-Fetch-Site", "same-site", "Origin", "https://other.example.com"))
	require.Equal(t, 403, ask("Origin", "https://evil.example"))
	require.Equal(t, 403, ask("Origin", "null"))
	require.Empty(t, c.call("GET", "/v1/companies", "").is(200).json()["data"])
	require.Equal(t, 201, ask("Sec-Fetch-Site", "same-origin", "Origin", "https://godwit.example.com"))
	require.Equal(t, 200, ask("Origin", "https://godwit.example.com"), "an old browser, behind what changes the header Host")
	require.Equal(t, 200, ask(), "no browser at all")
}
