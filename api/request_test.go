package api

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/hook"
)

// showing answers with a request of these bytes; "" stands for a secret that can't be read.
func showing(body string, truncated bool) func(hook.Parcel, bool) (hook.Request, error) {
	return func(_ hook.Parcel, signed bool) (hook.Request, error) {
		r := hook.Request{Method: "POST", URL: "https://hooks.example.com/", Body: []byte(body), Truncated: truncated}
		if signed {
			r.Headers = []hook.Header{{Name: "webhook-signature", Value: "v1,x"}}
		}
		if body == "" {
			return r, errors.New("no secret")
		}
		return r, nil
	}
}

func TestRequest_ShowsBytesAsTextOrBase64(t *testing.T) {
	for name, tc := range map[string]struct {
		body, shown, encoding string
		truncated             bool
	}{
		"text":                       {body: `{"é":1}`, shown: `{"é":1}`},
		"no text":                    {body: "\xff\xfe", shown: "//4=", encoding: "base64"},
		"cut in a character":         {body: "ab\xc3", shown: "ab", truncated: true},
		"cut, and no text before it": {body: "\xffab", shown: "/2Fi", encoding: "base64", truncated: true},
	} {
		t.Run(name, func(t *testing.T) {
			c := stagedWith(t, func(o *Options) { o.Show = showing(tc.body, tc.truncated) })
			c.webhook("wh_1", "")
			c.delivery("dlv_1", "")
			got := c.call("GET", "/v1/deliveries/dlv_1/request", "").is(200).json()
			want := map[string]any{"method": "POST", "url": "https://hooks.example.com/", "headers": map[string]any{}, "body": tc.shown, "truncated": tc.truncated}
			if tc.encoding != "" {
				want["encoding"] = tc.encoding
			}
			require.Equal(t, want, got)
		})
	}
}

func TestRequest_IsRefusedWithTheRemedy(t *testing.T) {
	c := stagedWith(t, func(o *Options) { o.Show = showing("", false) })
	c.webhook("wh_1", "")
	c.delivery("dlv_1", "")
	const path = "/v1/deliveries/dlv_1/request"
	c.call("GET", path+"?sign=maybe", "").problem(422, "invalid")
	require.Contains(t, c.call("GET", path, "").is(409).json()["detail"], "rotate-secret")
	c.call("GET", path+"?sign=true", "").problem(409, "conflict")
	signed := 0
	c.scan(`SELECT count(*) FROM audit_log WHERE object_id = 'dlv_1'`, &signed)
	require.Zero(t, signed, "nobody was shown a signature")
	key, _ := c.key("user", "u1")
	c.call("GET", path, "", with(key)...).problem(409, "conflict")
	c.change("events", "e1", `project_id = 'p3'`)
	c.call("GET", path, "", with(key)...).problem(404, "not_found")
	c.call("DELETE", "/v1/webhooks/wh_1", "").is(204)
	require.Contains(t, c.call("GET", path, "").is(409).json()["detail"], "deleted")
}

// TestRequest_ShowsAnotherFormat: whoever changes a format sees both bodies before.
func TestRequest_ShowsAnotherFormat(t *testing.T) {
	var asked hook.Parcel
	c := stagedWith(t, func(o *Options) {
		o.Show = func(p hook.Parcel, signed bool) (hook.Request, error) {
			asked = p
			return showing("{}", false)(p, signed)
		}
	})
	c.webhook("wh_1", "")
	c.delivery("dlv_1", "")
	c.call("GET", "/v1/deliveries/dlv_1/request?payload_format=cloudevents", "").is(200)
	require.Equal(t, hook.FormatCloudEvents, asked.Webhook.PayloadFormat)
	c.call("GET", "/v1/deliveries/dlv_1/request", "").is(200)
	require.Equal(t, hook.FormatStandard, asked.Webhook.PayloadFormat)
	c.call("GET", "/v1/deliveries/dlv_1/request?payload_format=cloudevents&sign=true", "").is(422)
	c.call("GET", "/v1/deliveries/dlv_1/request?payload_format=xml", "").is(422)
	signed := 0
	c.scan(`SELECT count(*) FROM audit_log WHERE object_id = 'dlv_1'`, &signed)
	require.Zero(t, signed)
}
