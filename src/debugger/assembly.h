// Assembly language of the instructions that Capstone 4 does not know, or calls "hint": Armv8.1 to Armv8.6.
#pragma once

#include "base/base.h"

// "ldaddal w1, w2, [x3]", as binutils writes it. False: the word is none of these instructions; buf is not written.
bool assembly_text(u32 word, char *buf, size_t n);
