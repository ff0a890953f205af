package main

import (
	"encoding/json"
	"slices"
)

type object = map[string]any

// fold makes the document that our own clients are generated from: it says the same of
// what an API key may call, in a form of which generators make little code. They would
// write all ten problems, each header and each example once more for each operation.
func fold(document []byte) ([]byte, error) {
	var doc object
	if err := json.Unmarshal(document, &doc); err != nil {
		return nil, err
	}
	delete(doc, "webhooks") // no calls; the schemas of what receivers get stay
	components := at(doc, "components")
	delete(components, "headers")
	components["responses"] = object{"problem": object{
		"description": "Why the request was not carried out",
		"content":     object{"application/problem+json": object{"schema": object{"$ref": "#/components/schemas/Problem"}}},
	}}
	for _, schema := range at(components, "schemas") {
		open(schema)
	}
	paths := at(doc, "paths")
	for path, item := range paths {
		operations := item.(object)
		for method, operation := range operations {
			if op, ok := operation.(object); ok && !foldOperation(op) {
				delete(operations, method)
			}
		}
		if len(operations) == 0 {
			delete(paths, path)
		}
	}
	return json.MarshalIndent(doc, "", "  ")
}

// foldOperation says false of an operation that is not for these clients: those of
// browsers and of the sign-in, and streams.
func foldOperation(op object) bool {
	responses := at(op, "responses")
	_, stream := at(at(responses, "200"), "content")["text/event-stream"]
	if stream || !takesKey(op) {
		return false
	}
	delete(op, "callbacks")
	foldParameters(op)
	for status, response := range responses {
		if status >= "400" {
			delete(responses, status)
			continue
		}
		r := response.(object)
		delete(r, "headers")
		delete(r, "links")
		withoutExamples(r)
	}
	responses["default"] = object{"$ref": "#/components/responses/problem"}
	withoutExamples(at(op, "requestBody"))
	return true
}

// foldParameters leaves out the Idempotency-Key, which the clients choose themselves. A
// list that is separated by commas is a text to them, as they repeat the others.
func foldParameters(op object) {
	parameters, _ := op["parameters"].([]any)
	parameters = slices.DeleteFunc(parameters, func(p any) bool { return p.(object)["name"] == "Idempotency-Key" })
	for _, p := range parameters {
		parameter := p.(object)
		if _, list := at(parameter, "schema")["items"]; list && parameter["explode"] == false {
			parameter["schema"] = object{"type": "string"}
		}
	}
	op["parameters"] = parameters
}

func takesKey(op object) bool {
	ways, _ := op["security"].([]any)
	for _, way := range ways {
		if _, ok := way.(object)["key"]; ok {
			return true
		}
	}
	return false
}

// withoutExamples shortens a body. A patch is sent as JSON as well as by the media type
// of merge patches, and generators would write each form twice.
func withoutExamples(body object) {
	content := at(body, "content")
	delete(content, "application/merge-patch+json")
	for _, media := range content {
		delete(media.(object), "example")
		delete(media.(object), "examples")
	}
}

// open leaves out of objects with fields that others may come, which generators of Go
// answer with a map and code that reads and writes it. Readers ignore unknown fields.
func open(schema any) {
	switch s := schema.(type) {
	case object:
		if _, fields := s["properties"]; fields && s["additionalProperties"] == true {
			delete(s, "additionalProperties")
		}
		for _, below := range s {
			open(below)
		}
	case []any:
		for _, below := range s {
			open(below)
		}
	}
}

func at(o object, name string) object {
	below, _ := o[name].(object)
	return below
}
