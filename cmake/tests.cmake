# Tests beyond the unit tests: real boots (label boot), guests, differential tests, command line.

function(boot_test kind cpu gic smp)
    set(name boot-${kind}-${cpu}-gic${gic}-smp${smp})
    add_test(NAME ${name} COMMAND ${CMAKE_SOURCE_DIR}/tests/boot/run $<TARGET_FILE:el2sim>
             ${CMAKE_BINARY_DIR}/boot ${kind} ${cpu} ${gic} ${smp})
    set_tests_properties(${name} PROPERTIES LABELS "boot;${ARGN}" TIMEOUT 900
                         ENVIRONMENT "EL2SIM_KVMTEST=${CMAKE_BINARY_DIR}/tests/guest/kvmtest;EL2SIM_PERFTEST=${CMAKE_BINARY_DIR}/tests/guest/perftest;EL2SIM_MTETEST=${CMAKE_BINARY_DIR}/tests/guest/mtetest")
endfunction()

foreach(cpu cortex-a72 max)
    foreach(gic 2 3)
        foreach(smp 1 2 4 8)
            set(label slow)  # not under the sanitizers
            if(cpu STREQUAL max AND gic EQUAL 3 AND smp EQUAL 2)
                set(label)
            endif()
            boot_test(linux ${cpu} ${gic} ${smp} ${label})
        endforeach()
    endforeach()
endforeach()
boot_test(linux cortex-a57 3 1 slow)
boot_test(linux neoverse-n1 3 1 slow)
foreach(gic 2 3)
    foreach(smp 1 2 4)
        set(label slow)
        if(gic EQUAL 3 AND smp EQUAL 1)
            set(label)
        endif()
        boot_test(xen cortex-a57 ${gic} ${smp} ${label})
    endforeach()
endforeach()
boot_test(u-boot cortex-a57 3 1)
boot_test(u-boot cortex-a72 2 1)

# The command line: bad input, and how a guest can end.
foreach(script bad_input endings limit demo debug_console exec explain decode)
    add_test(NAME cli-${script}
             COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/${script}.sh $<TARGET_FILE:el2sim>)
endforeach()

add_test(NAME cli-help COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/help.sh $<TARGET_FILE:el2sim>
         ${CMAKE_SOURCE_DIR}/docs/completion)
add_test(NAME cli-isa COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/isa.sh $<TARGET_FILE:el2sim> ${CMAKE_SOURCE_DIR}/docs)

add_test(NAME cli-debug-tty COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/debug_tty.sh $<TARGET_FILE:el2sim>
         ${CMAKE_BINARY_DIR}/roms)
set_tests_properties(cli-debug-tty PROPERTIES TIMEOUT 300)
add_test(NAME cli-debug-random COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/debug_random.sh $<TARGET_FILE:el2sim>
         ${CMAKE_BINARY_DIR}/roms)
foreach(script debug_gic debug_registers debug_memory debug_run debug_break debug_exits debug_explain debug_why debug_commands)
    add_test(NAME cli-${script}
             COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/${script}.sh $<TARGET_FILE:el2sim> ${CMAKE_BINARY_DIR}/roms)
endforeach()
add_test(NAME cli-planted COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/planted.sh $<TARGET_FILE:el2sim> ${CMAKE_BINARY_DIR}/roms)
add_test(NAME cli-debug_source COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/debug_source.sh $<TARGET_FILE:el2sim>
         ${CMAKE_BINARY_DIR}/roms ${CMAKE_SOURCE_DIR}/roms/frames)
add_test(NAME cli-debug_step COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/debug_step.sh $<TARGET_FILE:el2sim>
         ${CMAKE_BINARY_DIR}/roms ${CMAKE_SOURCE_DIR}/roms/steps)
add_test(NAME cli-gdb COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/gdb.sh $<TARGET_FILE:el2sim> ${CMAKE_BINARY_DIR}/roms)
set_tests_properties(cli-gdb PROPERTIES TIMEOUT 300)
add_test(NAME cli-trace COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/trace.sh $<TARGET_FILE:el2sim>
         ${CMAKE_BINARY_DIR}/roms ${CMAKE_SOURCE_DIR}/README.md)

add_test(NAME cli-trace-kinds COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/trace_kinds.sh $<TARGET_FILE:el2sim>
         ${CMAKE_BINARY_DIR}/roms)
add_test(NAME cli-trace-irq COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/trace_irq.sh $<TARGET_FILE:el2sim>
         ${CMAKE_BINARY_DIR}/roms)
add_test(NAME cli-trace-sysreg COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/trace_sysreg.sh $<TARGET_FILE:el2sim>
         ${CMAKE_BINARY_DIR}/roms)
add_test(NAME cli-trace-walk COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/trace_walk.sh $<TARGET_FILE:el2sim>
         ${CMAKE_BINARY_DIR}/roms)
add_test(NAME cli-trace-filter COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/trace_filter.sh $<TARGET_FILE:el2sim>
         ${CMAKE_BINARY_DIR}/roms)
add_test(NAME cli-trace-on-fail COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/trace_on_fail.sh $<TARGET_FILE:el2sim>
         ${CMAKE_BINARY_DIR}/roms)
add_test(NAME cli-trace-insn COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/trace_insn.sh $<TARGET_FILE:el2sim>
         ${CMAKE_BINARY_DIR}/roms)

add_test(NAME cli-debug_mmu COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/debug_mmu.sh $<TARGET_FILE:el2sim>
         ${CMAKE_BINARY_DIR}/roms)

add_test(NAME cli-isabench COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/isabench.sh $<TARGET_FILE:el2sim>
         ${CMAKE_BINARY_DIR}/roms ${CMAKE_SOURCE_DIR}/roms/isabench/isabench.S)
add_test(NAME cli-stats COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/stats.sh $<TARGET_FILE:el2sim>
         ${CMAKE_BINARY_DIR}/roms)
add_test(NAME cli-stories COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/stories.sh $<TARGET_FILE:el2sim>
         ${CMAKE_BINARY_DIR}/roms ${CMAKE_SOURCE_DIR}/docs)
add_test(NAME cli-lint COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/lint.sh $<TARGET_FILE:el2sim> ${CMAKE_BINARY_DIR}/roms)
add_test(NAME cli-verdict COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/verdict.sh $<TARGET_FILE:el2sim>
         ${CMAKE_BINARY_DIR}/roms ${CMAKE_SOURCE_DIR}/docs/ci.md)

# A hypervisor at EL2, and the same file at virtual EL2.
add_test(NAME cli-nested COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/nested.sh $<TARGET_FILE:el2sim>
         ${CMAKE_BINARY_DIR}/roms)

# A program that boots with the options of `el2sim run`.
file(GLOB OPTION_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/cli/*option*.c)
function(booted_program name)
    add_executable(${name} ${CMAKE_SOURCE_DIR}/tests/boot/${name}.c ${CMAKE_SOURCE_DIR}/tests/boot/booted.c
                   ${OPTION_SOURCES})
    target_compile_definitions(${name} PRIVATE EL2SIM_VERSION="${PROJECT_VERSION}")
    target_link_libraries(${name} PRIVATE debugger)
endfunction()

# What --stats and `stat` count, against a count by single-stepping.
booted_program(stat_count)
foreach(kind xen kvm)
    add_test(NAME boot-stat-${kind}
             COMMAND ${CMAKE_SOURCE_DIR}/tests/boot/stat $<TARGET_FILE:stat_count> ${CMAKE_BINARY_DIR}/boot ${kind})
    set_tests_properties(boot-stat-${kind} PROPERTIES LABELS "boot;slow" TIMEOUT 300
                         ENVIRONMENT "EL2SIM_KVMTEST=${CMAKE_BINARY_DIR}/tests/guest/kvmtest")
endforeach()

# Counts are exact and runs repeat.
add_test(NAME cli-counts COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/counts.sh $<TARGET_FILE:el2sim>
         ${CMAKE_BINARY_DIR}/roms)
add_test(NAME boot-repeat-smp2
         COMMAND ${CMAKE_SOURCE_DIR}/tests/boot/repeat $<TARGET_FILE:el2sim> ${CMAKE_BINARY_DIR}/boot 2)
set_tests_properties(boot-repeat-smp2 PROPERTIES LABELS "boot;slow" TIMEOUT 900)
# ... and stops by a debugger change nothing.
add_test(NAME boot-stops-xen-smp2
         COMMAND ${CMAKE_SOURCE_DIR}/tests/boot/stops $<TARGET_FILE:el2sim> ${CMAKE_BINARY_DIR}/boot 2)
set_tests_properties(boot-stops-xen-smp2 PROPERTIES LABELS "boot;slow" TIMEOUT 900)

# The installed library: a program against it alone, and what the archive may contain.
add_test(NAME library COMMAND ${CMAKE_SOURCE_DIR}/tests/build/library ${CMAKE_BINARY_DIR} ${CMAKE_C_COMPILER})
if(EL2SIM_SANITIZE)
    set_tests_properties(library PROPERTIES ENVIRONMENT EL2SIM_LIBRARY_CFLAGS=-fsanitize=address,undefined)
endif()

if(NOT CMAKE_BUILD_TYPE STREQUAL Debug)
    add_test(NAME handlers-end-in-jumps COMMAND ${CMAKE_SOURCE_DIR}/tests/build/tailcalls $<TARGET_FILE:libel2sim>)
endif()

# Linux's KVM runs a guest of ours, in nVHE (cortex-a72) and in VHE (max).
add_subdirectory(${CMAKE_SOURCE_DIR}/tests/guest ${CMAKE_BINARY_DIR}/tests/guest)
foreach(cpu cortex-a72 max)
    foreach(gic 2 3)
        boot_test(kvm ${cpu} ${gic} 1 slow)
    endforeach()
endforeach()

# Linux counts with the PMU.
boot_test(perf cortex-a72 2 2 slow)
boot_test(perf max 3 1 slow)

# Linux uses memory tagging.
boot_test(mte max 3 2 slow)

# Linux's crypto self-tests, busybox and floating point as on QEMU, and each feature of the CPU detected.
foreach(cpu cortex-a72 max+mte)
    add_test(NAME boot-userland-${cpu}
             COMMAND ${CMAKE_SOURCE_DIR}/tests/boot/userland $<TARGET_FILE:el2sim> ${CMAKE_BINARY_DIR}/boot ${cpu})
    set_tests_properties(boot-userland-${cpu} PROPERTIES LABELS "boot;slow" TIMEOUT 900
                         ENVIRONMENT "EL2SIM_FLOATTEST=${CMAKE_BINARY_DIR}/tests/guest/floattest")
endforeach()

# Linux's own selftests, for KVM and for arm64, in the booted Linux; *.expected has QEMU's results beside ours.
function(selftests group cpu)
    add_test(NAME boot-selftests-${group}-${cpu}
             COMMAND ${CMAKE_SOURCE_DIR}/tests/selftests/run $<TARGET_FILE:el2sim> ${group} ${cpu}
                     ${CMAKE_SOURCE_DIR}/tests/selftests/${group}.expected)
    set_tests_properties(boot-selftests-${group}-${cpu} PROPERTIES LABELS "boot;slow" TIMEOUT 1800)
endfunction()
selftests(kvm cortex-a72)
selftests(kvm max)
selftests(arm64 max+mte)

# The same bare-metal roms on qemu-system-aarch64 and on el2sim: tests/diff. Longer: tests/diff/campaign.
function(diff_test rom cpu)
    string(REPLACE ":" "-" name ${rom})
    set(name diff-${name}-${cpu})
    add_test(NAME ${name} COMMAND ${CMAKE_SOURCE_DIR}/tests/diff/run $<TARGET_FILE:el2sim>
             ${CMAKE_BINARY_DIR}/diff ${rom} ${cpu})
    set_tests_properties(${name} PROPERTIES LABELS diff TIMEOUT 150)
endfunction()

foreach(rom encodings exceptions granules matrix traps stage1 stage2 virt)
    diff_test(${rom} cortex-a72)
    diff_test(${rom} neoverse-n1)
endforeach()
foreach(rom exceptions granules matrix traps stage1 stage2 translate virt)
    diff_test(${rom} max)
endforeach()
diff_test(mte max+mte)
diff_test(matrix max+mte)
diff_test(bti max)
diff_test(translate cortex-a72)
diff_test(translate neoverse-n1)
foreach(cpu neoverse-n1 max)
    diff_test(vhe ${cpu})
    diff_test(routing ${cpu})
endforeach()
foreach(cpu cortex-a72 neoverse-n1 max)
    diff_test(debug ${cpu})
    diff_test(pmu ${cpu})
endforeach()
foreach(seed RANGE 1 15)
    diff_test(random:${seed} cortex-a72)
    diff_test(random:${seed} neoverse-n1)
endforeach()
foreach(seed RANGE 1 5)
    diff_test(random-fp:${seed} cortex-a72)
    diff_test(random-fp:${seed} neoverse-n1)
endforeach()

# The exits that `why` is asked about are those of QEMU, too.
add_test(NAME diff-planted-max COMMAND ${CMAKE_SOURCE_DIR}/tests/diff/run $<TARGET_FILE:el2sim>
         ${CMAKE_BINARY_DIR}/diff ${CMAKE_BINARY_DIR}/roms/planted.elf max)
set_tests_properties(diff-planted-max PROPERTIES LABELS diff TIMEOUT 150)

# Random translations, as for the fuzz target.
foreach(name walk maps tlb)
    target_sources(test_view_${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/fuzz/translate_case.c)
endforeach()

# What `translate` and `maps` say of a random sample of accesses, against the accesses.
booted_program(translate_sample)
foreach(kind xen kvm)
    add_test(NAME boot-translate-${kind}
             COMMAND ${CMAKE_SOURCE_DIR}/tests/boot/translate $<TARGET_FILE:translate_sample> ${CMAKE_BINARY_DIR}/boot ${kind})
    set_tests_properties(boot-translate-${kind} PROPERTIES LABELS "boot;slow" TIMEOUT 300
                         ENVIRONMENT "EL2SIM_KVMTEST=${CMAKE_BINARY_DIR}/tests/guest/kvmtest")
endforeach()

# gdb on the boot of Xen.
add_test(NAME boot-gdb-xen COMMAND ${CMAKE_SOURCE_DIR}/tests/boot/gdb-xen $<TARGET_FILE:el2sim> ${CMAKE_BINARY_DIR}/boot)
set_tests_properties(boot-gdb-xen PROPERTIES LABELS "boot;slow" TIMEOUT 600)

# The decoder against binutils and Capstone: a sample. All words: tests/isa/whole.
add_executable(isa_compare ${CMAKE_SOURCE_DIR}/tests/isa/compare.c)
target_link_libraries(isa_compare PRIVATE libel2sim PkgConfig::CAPSTONE)
add_test(NAME isa-compare COMMAND isa_compare ${CMAKE_SOURCE_DIR}/tests/isa sample)

# The disassembly of what Capstone does not know against binutils'.
add_executable(isa_assembly ${CMAKE_SOURCE_DIR}/tests/isa/assembly.c)
target_link_libraries(isa_assembly PRIVATE debugger)
add_test(NAME isa-assembly COMMAND isa_assembly)

# Single instructions, generated from the instruction tables, on QEMU and on el2sim: tests/isa. Longer: tests/isa/campaign.
add_executable(isa_gen ${CMAKE_SOURCE_DIR}/tests/isa/gen.c)
target_link_libraries(isa_gen PRIVATE libel2sim)
function(isa_test name script)
    add_test(NAME isa-${name} COMMAND ${CMAKE_SOURCE_DIR}/tests/isa/${script} $<TARGET_FILE:el2sim>
             $<TARGET_FILE:isa_gen> ${CMAKE_BINARY_DIR}/isa ${ARGN})
    set_tests_properties(isa-${name} PROPERTIES LABELS isa TIMEOUT 900)
endfunction()
add_test(NAME isa-coverage COMMAND ${CMAKE_SOURCE_DIR}/tests/isa/coverage check $<TARGET_FILE:isa_gen>)
isa_test(quick run --cpu max+mte --seed 100 --cases 60)
isa_test(paths paths --cpu max+mte --cases 60)
foreach(rows 0-199 200-399 400-599 600-99999)
    isa_test(rows-${rows} run --cpu max+mte --rows ${rows} --table ${CMAKE_SOURCE_DIR}/src/cli/isa_coverage.def)
    set_tests_properties(isa-rows-${rows} PROPERTIES LABELS "isa;slow")
endforeach()
