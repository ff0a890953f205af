package api

import (
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// document begins the OpenAPI document; each operation of the table is added
// to it as it is registered.
func (s *server) document() *huma.OpenAPI {
	schemas := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	// huma describes its own errors in every operation; ours take their place.
	schemas.RegisterTypeAlias(reflect.TypeFor[huma.ErrorModel](), reflect.TypeFor[problem]())
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title:       "Godwit",
			Version:     s.Version,
			Description: "Webhooks that arrive: publish events, subscribe to them, see every attempt of every delivery.",
		},
		Components: &huma.Components{
			Schemas: schemas,
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"key": {Type: "http", Scheme: "bearer", Description: "An API key of Godwit."},
			},
		},
		OnAddOperation: []huma.AddOpFunc{describe},
	}
}

// mayBeLeftOut says which bodies need not be sent.
func mayBeLeftOut(body reflect.Type) bool {
	return body == takes[enableForm]() || body == takes[disableForm]() || body == takes[testForm]()
}

// describe completes an operation with what huma can't know: the request's
// body, which handlers read by themselves, and the 201 of a PUT that creates.
func describe(doc *huma.OpenAPI, op *huma.Operation) {
	if body, ok := op.Metadata["body"].(reflect.Type); ok && body != nil {
		media := mediaJSON
		if op.Method == http.MethodPatch {
			media = mediaMergePatch
		}
		schema := doc.Components.Schemas.Schema(body, true, op.OperationID)
		op.RequestBody = &huma.RequestBody{Required: !mayBeLeftOut(body), Content: map[string]*huma.MediaType{media: {Schema: schema}}}
		if op.Method == http.MethodPatch {
			op.RequestBody.Content[mediaJSON] = op.RequestBody.Content[media]
		}
	}
	if op.Method == http.MethodPut {
		op.Responses["201"] = &huma.Response{Description: "Created", Content: op.Responses["200"].Content}
		op.Responses["200"].Description = "Changed"
	}
}
