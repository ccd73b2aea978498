# Fuzz targets: tests/fuzz/fuzz_*.c, each one LLVMFuzzerTestOneInput. Always built as replay_NAME; with
# EL2SIM_FUZZ also as fuzz_NAME: a libFuzzer program (preset fuzz, clang), or an AFL++ one in persistent mode
# (preset afl; afl-clang-fast brings its own driver for -fsanitize=fuzzer). docs/fuzzing.md
file(GLOB FUZZ_TARGETS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/fuzz_*.c)
# More sources of a target.
set(fuzz_translate_MORE tests/fuzz/translate_case.c tests/oracle/translate.c tests/oracle/translate_attrs.c
    tests/oracle/translate_abort.c tests/oracle/translate_subject.c)
set(fuzz_gic_MORE tests/fuzz/gic_model.c tests/fuzz/gic_its.c tests/fuzz/gic_v2.c)
list(TRANSFORM fuzz_gic_MORE PREPEND ${CMAKE_SOURCE_DIR}/)
list(TRANSFORM fuzz_translate_MORE PREPEND ${CMAKE_SOURCE_DIR}/)
foreach(src ${FUZZ_TARGETS})
    get_filename_component(fuzz ${src} NAME_WE)
    string(REPLACE fuzz_ replay_ replay ${fuzz})
    add_executable(${replay} ${src} ${${fuzz}_MORE} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.c)
    set(library libel2sim)
    if(fuzz STREQUAL fuzz_gdb)
        set(library debugger)
    endif()
    target_link_libraries(${replay} PRIVATE ${library})
    file(GLOB corpus CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${fuzz}/*)
    if(fuzz MATCHES "^fuzz_(sysreg|route)$")
        target_link_libraries(${replay} PRIVATE oracle_sysreg)
    endif()
    add_test(NAME ${replay} COMMAND ${replay} --random 1 200 ${corpus})
    if(EL2SIM_FUZZ)
        add_executable(${fuzz} ${src} ${${fuzz}_MORE})
        target_link_libraries(${fuzz} PRIVATE ${library})
        if(fuzz MATCHES "^fuzz_(sysreg|route)$")
            target_link_libraries(${fuzz} PRIVATE oracle_sysreg)
        endif()
        target_compile_options(${fuzz} PRIVATE -fsanitize=fuzzer)
        target_link_options(${fuzz} PRIVATE -fsanitize=fuzzer)
    endif()
endforeach()

# The product against the oracle, from a fixed seed; prints how many.
add_test(NAME translate-oracle COMMAND replay_translate --random 7 60000)
set_tests_properties(translate-oracle PROPERTIES ENVIRONMENT EL2SIM_FUZZ_STATS=1)
