// Prints results of the C library's floating point, the same on every correct machine: elementary functions of three formats,
// conversions, rounding modes and exception flags.
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define F(name) \
    { #name, name, name##f, name##l }
static const struct {
    const char *name;
    double (*d)(double);
    float (*f)(float);
    long double (*l)(long double);
} functions[] = {
    F(sin),    F(cos),  F(tan),   F(asin), F(acos), F(atan),  F(sinh),  F(cosh), F(tanh), F(asinh),
    F(exp),    F(exp2), F(expm1), F(log),  F(log2), F(log1p), F(sqrt),  F(cbrt), F(erf),  F(tgamma),
    F(lgamma), F(j0),   F(floor), F(ceil), F(rint), F(round), F(trunc), F(logb),
};
#undef F

static uint64_t bits(double x) {
    uint64_t v;
    memcpy(&v, &x, sizeof v);
    return v;
}

static void rounding(int mode, const char *name) {
    volatile double one = 1, three = 3, tiny = 1e-308, big = 1e308, nine = 9.5, huge = 1e30;
    volatile float f = 16777217.0f;
    fesetround(mode);
    feclearexcept(FE_ALL_EXCEPT);
    printf("%s: %016lx %016lx %016lx %016lx", name, bits(one / three), bits(-one / three),
           bits(sqrt(three)), bits(fma(one, one / three, tiny)));
    printf(" %g %g %ld %ld %a", tiny / 1e10, big * big, lrint(nine), lrint(-nine),
           (double)(float)(one / three + f));
    printf(" %ld %ld", (long)huge, (long)(three * 1e-9));
    printf(" flags %02x\n", (unsigned)fetestexcept(FE_ALL_EXCEPT));
    fesetround(FE_TONEAREST);
}

int main(void) {
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        uint64_t sum = 0;
        printf("%s", functions[i].name);
        for (double x = -4; x < 40; x += 0.371) {
            double d = functions[i].d(x);
            float f = functions[i].f((float)x);
            if (!isnan(d)) sum = sum * 31 + bits(d);
            if (!isnan(f)) sum = sum * 31 + bits(f);
        }
        printf(" %016lx %.17g %.9g %.34Lg\n", sum, functions[i].d(0.7), functions[i].f(0.7f),
               functions[i].l(0.7L));
    }
    double total = 0;
    for (int i = 1; i < 400; i++)
        total +=
            pow(i, 1.0 / i) * atan2(i, 7) - fmod(1e9, i + 0.1) + hypot(i, 3) + remainder(i, 0.7);
    printf("sum %.17g %a\n", total, total);
    printf("strtod %a %a %.17g %.17g\n", strtod("4.9406564584124654e-324", NULL),
           strtod("0x1.fffffffffffff8p0", NULL), strtod("2.2250738585072011e-308", NULL),
           strtod("123456789012345678901234567890", NULL));
    rounding(FE_TONEAREST, "nearest");
    rounding(FE_UPWARD, "up");
    rounding(FE_DOWNWARD, "down");
    rounding(FE_TOWARDZERO, "zero");
    return 0;
}
