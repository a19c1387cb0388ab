#include "textflag.h"

// func fetch(places *uintptr, n int)
TEXT ·fetch(SB), NOSPLIT, $0-16
	MOVD places+0(FP), R0
	MOVD n+8(FP), R1

place:
	MOVD.P 8(R0), R2
	AND    $63, R2, R3 // lines after the first

line:
	PRFM (R2), PLDL1KEEP // any address in the line will do
	ADD  $64, R2
	SUBS $1, R3
	BGE  line
	SUB  $1, R1
	CBNZ R1, place
	RET
