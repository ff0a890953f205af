package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"
)

// encode reads the parameters of an operation: a field with the tag form belongs to the
// query, the others are headers. Lists are repeated.
func encode(params any, header http.Header) url.Values {
	query := url.Values{}
	v := reflect.ValueOf(params)
	if params == nil || v.IsNil() {
		return query
	}
	v = v.Elem()
	for i := range v.NumField() {
		add := header.Add
		tag, isQuery := v.Type().Field(i).Tag.Lookup("form")
		if isQuery {
			add = query.Add
		} else {
			tag = v.Type().Field(i).Tag.Get("json")
		}
		name, _, _ := strings.Cut(tag, ",")
		for _, text := range texts(v.Field(i)) {
			add(name, text)
		}
	}
	return query
}

// texts are the values of a parameter; none when it is left out.
func texts(v reflect.Value) []string {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return texts(v.Elem())
	case reflect.Slice:
		var all []string
		for i := range v.Len() {
			all = append(all, texts(v.Index(i))...)
		}
		return all
	}
	if at, ok := v.Interface().(time.Time); ok {
		return []string{at.Format(time.RFC3339Nano)}
	}
	return []string{fmt.Sprint(v.Interface())}
}

// Rows reads all rows of a list, page after page. page gets the cursor of a page and
// gives its rows and the cursor of the next one, nil at the end. After an error nothing
// more comes.
func Rows[T any](ctx context.Context, page func(ctx context.Context, cursor *string) ([]T, *string, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for cursor := (*string)(nil); ; {
			rows, next, err := page(ctx, cursor)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
			if next == nil {
				return
			}
			cursor = next
		}
	}
}
