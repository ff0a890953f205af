package eventschema

import "sync/atomic"

// CountCompiled has n count the schemas that are compiled.
func (s *Schemas) CountCompiled(n *atomic.Int64) {
	s.compile = func(raw []byte) (*Schema, error) {
		n.Add(1)
		return Compile(raw)
	}
}
