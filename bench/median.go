package main

import (
	"encoding/json"
	"fmt"
	"slices"
)

// medianOf puts together runs of the same sections: of each figure the median,
// of each text what the first run has, and every problem.
func medianOf(runs []report) (report, error) {
	trees := make([]any, len(runs))
	for i, r := range runs {
		text, err := json.Marshal(r)
		if err == nil {
			err = json.Unmarshal(text, &trees[i])
		}
		if err != nil {
			return report{}, fmt.Errorf("read run %d: %w", i+1, err)
		}
	}
	text, err := json.Marshal(middle(trees))
	if err != nil {
		return report{}, fmt.Errorf("encode the median: %w", err)
	}
	var median report
	if err := json.Unmarshal(text, &median); err != nil {
		return report{}, fmt.Errorf("decode the median: %w", err)
	}
	median.Runs, median.Problems, median.each = len(runs), nil, runs
	for _, r := range runs {
		median.Problems = append(median.Problems, r.Problems...)
	}
	return median, nil
}

// middle takes the median of numbers; objects and lists are gone through. What a
// run lacks does not count.
func middle(values []any) any {
	switch first := values[0].(type) {
	case float64:
		var numbers []float64
		for _, v := range values {
			if n, ok := v.(float64); ok {
				numbers = append(numbers, n)
			}
		}
		slices.Sort(numbers)
		return numbers[(len(numbers)-1)/2]
	case map[string]any:
		out := map[string]any{}
		for name := range first {
			out[name] = middle(each(values, func(v any) (any, bool) { x, ok := v.(map[string]any)[name]; return x, ok }))
		}
		return out
	case []any:
		out := make([]any, len(first))
		for i := range first {
			out[i] = middle(each(values, func(v any) (any, bool) {
				list := v.([]any)
				if i >= len(list) {
					return nil, false
				}
				return list[i], true
			}))
		}
		return out
	default:
		return first
	}
}

// each maps those values that are of the first one's kind and have what is asked
// for.
func each(values []any, part func(any) (any, bool)) (parts []any) {
	for _, v := range values {
		if fmt.Sprintf("%T", v) != fmt.Sprintf("%T", values[0]) {
			continue
		}
		if x, ok := part(v); ok {
			parts = append(parts, x)
		}
	}
	return parts
}
