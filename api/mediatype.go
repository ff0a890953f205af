package api

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"godwit/api/access"
	"godwit/internal/eventjson"
)

// attributePrefix begins the header of an attribute in binary mode (CloudEvents HTTP
// Protocol Binding, section 3.1.3).
const attributePrefix = "Ce-"

// cloudEventsMedia gives the media type of a CloudEvent in JSON or of a batch of
// them; else "".
func cloudEventsMedia(header http.Header) string {
	media, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	charset := strings.ToLower(params["charset"])
	if err == nil && (charset == "" || charset == "utf-8") && (media == eventjson.MediaCloudEvent || media == eventjson.MediaCloudEvents) {
		return media
	}
	return ""
}

// attributesOf gives the attributes that headers carry in binary mode. Of a header
// that is sent twice both values count, so that none is dropped.
func attributesOf(header http.Header) map[string]string {
	out := map[string]string{}
	for name, values := range header {
		if attribute, ok := strings.CutPrefix(name, attributePrefix); ok {
			out[strings.ToLower(attribute)] = strings.Join(values, ",")
		}
	}
	return out
}

// bodyLimit is how many bytes a request's body may have.
func bodyLimit(ctx huma.Context) int64 {
	op := ctx.Operation()
	if access.ContentOf(op).Events && cloudEventsMedia(humagin.Unwrap(ctx).Request.Header) == eventjson.MediaCloudEvents {
		return maxBatch
	}
	return op.MaxBodyBytes
}

// modeOf gives what makes another event of the same body: its mode and, in binary
// mode, its attributes. It is nil for an event in Godwit's form.
func modeOf(header http.Header) []byte {
	media := cloudEventsMedia(header)
	if media == "" && header.Get(attributePrefix+"Specversion") == "" {
		return nil
	}
	hash := sha256.New()
	fmt.Fprintln(hash, media)
	attributes := attributesOf(header)
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		fmt.Fprintf(hash, "%s %q\n", name, attributes[name])
	}
	return hash.Sum(nil)
}
