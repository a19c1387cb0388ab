package main

import (
	"strings"
	"testing"
)

func TestFigures(t *testing.T) {
	c := newTally(false)
	lines := `
{"Action":"output","Package":"p","Test":"T","Output":"    a_test.go:7: {\"id\":\"T-2\",\"what\":\"frames of video\",\"goal\":\">= 95 %\",\"value\":\"99.5 %\",\"pass\":true}\n"}
{"Action":"output","Package":"p","Test":"T","Output":"    a_test.go:8: {\"id\":\"T-1\",\"what\":\"frozen\",\"goal\":\"<= 3 %\",\"value\":\"4 %\",\"pass\":false}\n"}
{"Action":"output","Package":"p","Test":"T","Output":"    a_test.go:9: {\"id\":\"T-3\"}\n"}
{"Action":"output","Package":"p","Test":"T","Output":"    a_test.go:9: {\"id\": nonsense\n"}
{"Action":"pass","Package":"p","Test":"T"}
`
	if err := c.read(strings.NewReader(lines)); err != nil {
		t.Fatal(err)
	}
	const want = `    id   what             goal     value
    T-1  frozen           <= 3 %   4 %  MISSED
    T-2  frames of video  >= 95 %  99.5 %
`
	if got := table(c.figures); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if c.passed != 1 {
		t.Errorf("%s", c)
	}
}
