package reference

import (
	"cmp"
	"embed"
	"encoding/json"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"godwit/api/access"
)

// operationFiles describe what the types can't say, one file for each tag.
//
//go:embed operations/*.json
var operationFiles embed.FS

// TagNotes is what a file of operations/ holds.
type TagNotes struct {
	Description string             `json:"description"`
	Operations  map[string]OpNotes `json:"operations"`
}

// OpNotes describe an operation. Examples are of one call: with Path and
// Request, Godwit answers Responses (by status).
type OpNotes struct {
	Description string                     `json:"description"`
	Path        map[string]string          `json:"path"`
	Request     json.RawMessage            `json:"request"`
	Responses   map[string]json.RawMessage `json:"responses"`
	// Problems says when a status comes about that not every operation has.
	Problems map[int]string `json:"problems"`
	// Next names operations that lead on, with their parameters.
	Next map[string]map[string]any `json:"next"`
}

// description completes operations by notes, which are keyed by tag.
type description struct {
	notes map[string]TagNotes
	of    Installation
}

// ReadNotes reads operations/, which is part of the program: what is wrong with
// it is a bug.
func ReadNotes() map[string]TagNotes {
	entries, err := operationFiles.ReadDir("operations")
	if err != nil {
		panic(err)
	}
	out := map[string]TagNotes{}
	for _, entry := range entries {
		raw, err := operationFiles.ReadFile(path.Join("operations", entry.Name()))
		if err != nil {
			panic(err)
		}
		var notes TagNotes
		if err := json.Unmarshal(raw, &notes); err != nil {
			panic("api/operations/" + entry.Name() + ": " + err.Error())
		}
		out[strings.TrimSuffix(entry.Name(), ".json")] = notes
	}
	return out
}

// The tags in the order in which people need them; those of administration, and
// any other, come last.
var firstTags = []string{"webhooks", "events", "deliveries", "event-types", "listeners"}

func rank(tag string) int {
	if i := slices.Index(firstTags, tag); i >= 0 {
		return i
	}
	return len(firstTags)
}

func (d description) tags() []*huma.Tag {
	var tags []*huma.Tag
	for name, notes := range d.notes {
		tags = append(tags, &huma.Tag{Name: name, Description: notes.Description})
	}
	slices.SortFunc(tags, func(a, b *huma.Tag) int {
		return cmp.Or(cmp.Compare(rank(a.Name), rank(b.Name)), strings.Compare(a.Name, b.Name))
	})
	return tags
}

// complete adds to an operation what huma can't know: the request's body, which
// handlers read by themselves, and what its notes say.
func (d description) complete(doc *huma.OpenAPI, op *huma.Operation) {
	notes := d.notes[op.Tags[0]].Operations[op.OperationID]
	op.Description = notes.Description
	for _, p := range op.Parameters {
		if example, ok := notes.Path[p.Name]; ok && p.In == "path" {
			p.Example = example
		}
	}
	op.RequestBody = notes.requestBody(doc, op)
	notes.answers(op)
	for status := range op.Responses {
		if code, err := strconv.Atoi(status); err != nil || code >= http.StatusBadRequest {
			delete(op.Responses, status)
		}
	}
	for _, status := range op.Errors {
		k := kindOf(status)
		doc.Components.Responses[k.Code] = d.of.response(k, doc.Components.Schemas, k.Title+". "+k.Help)
		op.Responses[strconv.Itoa(status)] = &huma.Response{Ref: "#/components/responses/" + k.Code}
	}
	for status, when := range notes.Problems {
		if status == http.StatusConflict && slices.Contains(op.Errors, status) {
			when += " Or a request with the same Idempotency-Key is under way."
		}
		op.Responses[strconv.Itoa(status)] = d.of.response(kindOf(status), doc.Components.Schemas, when)
	}
}

func (n OpNotes) requestBody(doc *huma.OpenAPI, op *huma.Operation) *huma.RequestBody {
	body := access.ContentOf(op)
	if body.Form == nil {
		return nil
	}
	media := &huma.MediaType{Schema: doc.Components.Schemas.Schema(body.Form, true, op.OperationID)}
	if n.Request != nil {
		media.Example = n.Request
	}
	content := map[string]*huma.MediaType{access.MediaJSON: media}
	if op.Method == http.MethodPatch {
		content[access.MediaMergePatch] = media
	}
	return &huma.RequestBody{Required: !body.Optional, Content: content}
}

// answers completes the answers when all is well. Notes may name one beside the
// usual one, with a body of the same kind.
func (n OpNotes) answers(op *huma.Operation) {
	usual := op.Responses[strconv.Itoa(op.DefaultStatus)]
	for status, example := range n.Responses {
		answer := op.Responses[status]
		if answer == nil {
			code, _ := strconv.Atoi(status)
			answer = &huma.Response{Description: http.StatusText(code)}
			if code == http.StatusCreated { // by a PUT, which otherwise changes
				answer.Headers = usual.Headers
			}
			op.Responses[status] = answer
		}
		for media, of := range usual.Content { // there is one
			answer.Content = map[string]*huma.MediaType{media: {Schema: of.Schema, Example: example}}
		}
	}
	for _, answer := range op.Responses {
		headers := headersOf(http.StatusOK)
		if slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.Name == access.HeaderIdempotencyKey }) {
			headers["Idempotency-Replayed"] = sharedHeader("Idempotency-Replayed")
		}
		for name, header := range answer.Headers { // which the handler sets always
			header.Required = true
			if header.Schema.Description != "" { // two answers may share it
				header.Description, header.Schema.Description = header.Schema.Description, ""
			}
			headers[name] = header
		}
		answer.Headers = headers
	}
	for id, parameters := range n.Next {
		if usual.Links == nil {
			usual.Links = map[string]*huma.Link{}
		}
		usual.Links[id] = &huma.Link{OperationID: id, Parameters: parameters}
	}
}
