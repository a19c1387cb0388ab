package signaling

import (
	"bytes"
	"encoding/json"
)

// encodeJSON is json.Marshal without the escapes for HTML, which would make a message up to six times as long.
func encodeJSON(v any) ([]byte, error) {
	if w, ok := v.(whole); ok {
		v = w.whole() // encoding/json would go through the text of a MarshalJSON again
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
