package contract_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"godwit/internal/contract"
)

const document = `{"paths": {
	"/things/{id}": {"get": {"responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}, "404": {"$ref": "#/components/responses/none"}}}},
	"/things/all": {"delete": {"responses": {"204": {}}}},
	"/things": {"post": {
		"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}, "example": {"id": 7}}}},
		"responses": {"201": {"headers": {"Location": {"required": true, "schema": {"type": "string", "pattern": "^/"}}}, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}}}}
}, "components": {
	"responses": {"none": {"content": {"application/problem+json": {"schema": {"type": "object", "required": ["code"]}}}}},
	"schemas": {"Thing": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "at": {"type": "string", "format": "date-time"}}}}
}}`

func TestCheck(t *testing.T) {
	d, err := contract.New([]byte(document))
	require.NoError(t, err)
	header := func(media string, more ...string) http.Header {
		h := http.Header{"Content-Type": {media}}
		for _, name := range more {
			h.Set(name, "/x")
		}
		return h
	}
	const js, problem = "application/json; charset=utf-8", "application/problem+json"
	for _, test := range []struct {
		name string
		x    contract.Exchange
		want string // "" = nothing is wrong
	}{
		{"as described", contract.Exchange{Method: "GET", Path: "/things/a", Status: 200, Header: header(js), Body: []byte(`{"id":"a"}`)}, ""},
		{"bad body", contract.Exchange{Method: "GET", Path: "/things/a", Status: 200, Header: header(js), Body: []byte(`{}`)}, "missing property 'id'"},
		{"bad format", contract.Exchange{Method: "GET", Path: "/things/a", Status: 200, Header: header(js), Body: []byte(`{"id":"a","at":"noon"}`)}, "date-time"},
		{"no JSON", contract.Exchange{Method: "GET", Path: "/things/a", Status: 200, Header: header(js), Body: []byte(`{`)}, "not JSON"},
		{"other media type", contract.Exchange{Method: "GET", Path: "/things/a", Status: 200, Header: header("text/plain"), Body: []byte(`{"id":"a"}`)}, "media type"},
		{"other status", contract.Exchange{Method: "GET", Path: "/things/a", Status: 500, Header: header(js)}, "status is not described"},
		{"by reference", contract.Exchange{Method: "GET", Path: "/things/a", Status: 404, Header: header(problem), Body: []byte(`{"code":"x"}`)}, ""},
		{"bad by reference", contract.Exchange{Method: "GET", Path: "/things/a", Status: 404, Header: header(problem), Body: []byte(`{}`)}, "missing property 'code'"},
		{"no body", contract.Exchange{Method: "DELETE", Path: "/things/all", Status: 204}, ""},
		{"body where none is", contract.Exchange{Method: "DELETE", Path: "/things/all", Status: 204, Body: []byte("x")}, "none is described"},
		{"no operation", contract.Exchange{Method: "GET", Path: "/other", Status: 200}, "not described"},
		{"no such path", contract.Exchange{Method: "GET", Path: "/other", Status: 404}, ""},
		{"request", contract.Exchange{Method: "POST", Path: "/things", Sent: []byte(`{"id":"a"}`), Status: 201, Header: header(js, "Location"), Body: []byte(`{"id":"a"}`)}, ""},
		{"bad request that was accepted", contract.Exchange{Method: "POST", Path: "/things", Sent: []byte(`{"id":1}`), Status: 201, Header: header(js, "Location"), Body: []byte(`{"id":"a"}`)}, "got number, want string"},
		{"missing header", contract.Exchange{Method: "POST", Path: "/things", Status: 201, Header: header(js), Body: []byte(`{"id":"a"}`)}, "Location is missing"},
		{"bad header", contract.Exchange{Method: "POST", Path: "/things", Status: 201, Header: http.Header{"Content-Type": {js}, "Location": {"x"}}, Body: []byte(`{"id":"a"}`)}, "pattern"},
		{"header", contract.Exchange{Method: "GET", Path: "/things/a", Status: 200, Header: header(js, "Location"), Body: []byte(`{"id":"a"}`)}, "Location"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := d.Check(test.x)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestCheckExamples(t *testing.T) {
	d, err := contract.New([]byte(document))
	require.NoError(t, err)
	require.Len(t, d.Examples(), 1)
	require.ErrorContains(t, d.CheckExamples(), "/paths/~1things/post/requestBody/content/application~1json/schema")
}

func TestNewRefusesWhatIsNoDocument(t *testing.T) {
	for _, bad := range []string{"", "[]", "{"} {
		_, err := contract.New([]byte(bad))
		require.Error(t, err, bad)
	}
}
