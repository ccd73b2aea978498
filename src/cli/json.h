// What the commands that print JSON share.
#pragma once

#include <stdio.h>

// The text as a JSON string, with its quotes.
void json_string(FILE *out, const char *text);
