// The product as the translation oracle sees it.
#pragma once

#include "cpu/cpu.h"
#include "translate.h"

OracleMmuFeatures translate_features(const Cpu *cpu);
