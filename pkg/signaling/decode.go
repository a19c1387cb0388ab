package signaling

import (
	"bytes"
	"encoding/json"
	"reflect"
	"unicode/utf8"
)

// maxDepth is how deep arrays and objects may be nested in a message, the message itself counted.
const maxDepth = 16

// decoder turns frames into requests. It is fixed after construction.
type decoder struct {
	envelope *shape
	data     map[string]*shape // by request type
}

func newDecoder() *decoder {
	return &decoder{
		envelope: shapeOf(reflect.TypeFor[Request]()),
		data: map[string]*shape{
			TypeHello:             shapeOf(reflect.TypeFor[Hello]()),
			TypeOffer:             shapeOf(reflect.TypeFor[Offer]()),
			TypePublish:           shapeOf(reflect.TypeFor[Publish]()),
			TypeUnpublish:         shapeOf(reflect.TypeFor[Unpublish]()),
			TypePublicationUpdate: shapeOf(reflect.TypeFor[PublicationUpdate]()),
			TypeView:              shapeOf(reflect.TypeFor[View]()),
			TypeMessage:           shapeOf(reflect.TypeFor[Message]()),
			TypePing:              shapeOf(reflect.TypeFor[Ping]()),
		},
	}
}

// request decodes the envelope of a frame; Data is left as it is and where it is, but is known to be valid JSON. The error is
// CodeMalformed.
func (d *decoder) request(frame []byte) (*Request, error) {
	if !utf8.Valid(frame) {
		return nil, Errorf(CodeMalformed, "it is not UTF-8")
	}
	if !shallow(frame) {
		return nil, Errorf(CodeMalformed, "it is nested deeper than %d", maxDepth)
	}
	frame = bytes.TrimSpace(frame)
	if !json.Valid(frame) {
		return nil, Errorf(CodeMalformed, "it is not JSON")
	}
	if err := d.envelope.check("message", frame); err != nil {
		return nil, Errorf(CodeMalformed, "%w", err)
	}
	r := readRequest(frame)
	if r.ID == 0 {
		return nil, Errorf(CodeMalformed, "message.id starts at 1")
	}
	return r, nil
}

// readRequest reads an envelope that was checked. Its data stays in the frame.
func readRequest(frame []byte) *Request {
	r, c := &Request{}, cursor{text: frame}
	for c.enter(); c.more(); {
		switch string(c.name()) {
		case "t":
			r.Type = string(unquoted(c.str()))
		case "id":
			r.ID = c.uint()
		case "d":
			data := c.value()
			r.Data = data[:len(data):len(data)]
		case "a":
			r.Ack = []uint64{}
			for c.enter(); c.more(); {
				r.Ack = append(r.Ack, c.uint())
			}
		default:
			c.value()
		}
	}
	return r
}

// into decodes the data of a request into v, a pointer to the type that belongs to r.Type. The error is CodeInvalid.
func (d *decoder) into(r *Request, v any) error {
	data := r.Data
	if len(data) == 0 {
		data = json.RawMessage("{}")
	}
	if err := d.data[r.Type].check("d", data); err != nil {
		return Errorf(CodeInvalid, "%w", err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return Errorf(CodeInvalid, "%w", err)
	}
	if h, ok := v.(*Hello); ok && h.Publications != nil && h.Offer == nil {
		return Errorf(CodeInvalid, "d.publications needs d.offer")
	}
	return nil
}

// shallow reports whether no array or object of the text is nested deeper than maxDepth. It reads any text, JSON or not.
func shallow(text []byte) bool {
	depth, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return false
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return true
}

// helloToken returns the token of a hello of which only the beginning may be there: the first string at d.token. The
// rest need not be valid.
func helloToken(prefix []byte) (string, bool) {
	if !shallow(prefix) {
		return "", false
	}
	dec := json.NewDecoder(bytes.NewReader(prefix))
	if !enter(dec, "d") {
		return "", false
	}
	if !enter(dec, "token") {
		return "", false
	}
	t, err := dec.Token()
	token, ok := t.(string)
	return token, ok && err == nil
}

// enter expects an object and stops before the value of its member name.
func enter(dec *json.Decoder, name string) bool {
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return false
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return false
		}
		if key == name {
			return true
		}
		var skipped json.RawMessage
		if dec.Decode(&skipped) != nil {
			return false
		}
	}
	return false
}
