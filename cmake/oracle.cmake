# The oracle (tests/oracle): a second model of routing and system register traps, and the tests that compare
# the product with it.
file(GLOB ORACLE_SYSREG CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/oracle/sysreg_oracle*.c)
file(GLOB ORACLE_TRANSLATE CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/oracle/translate*.c)
add_library(oracle_sysreg STATIC ${ORACLE_SYSREG} ${ORACLE_TRANSLATE} ${CMAKE_SOURCE_DIR}/tests/oracle/subject.c
    ${CMAKE_SOURCE_DIR}/tests/oracle/oracle_route.c ${CMAKE_SOURCE_DIR}/tests/oracle/route_subject.c)
target_include_directories(oracle_sysreg PUBLIC ${CMAKE_SOURCE_DIR}/tests/oracle)
target_link_libraries(oracle_sysreg PUBLIC libel2sim)

add_executable(oracle_matrix ${CMAKE_SOURCE_DIR}/tests/oracle/matrix.c)
target_link_libraries(oracle_matrix PRIVATE oracle_sysreg)
function(matrix_test name)
    add_test(NAME oracle-sysreg-matrix-${name} COMMAND oracle_matrix ${ARGN})
    set_tests_properties(oracle-sysreg-matrix-${name} PROPERTIES LABELS oracle TIMEOUT 900)
endfunction()

foreach(cpu cortex-a57 cortex-a72 neoverse-n1 max)
    matrix_test(${cpu} ${cpu})
    matrix_test(${cpu}-gic2 ${cpu} --gic 2)
    matrix_test(${cpu}-no-el2 ${cpu} --no-el2)
endforeach()
matrix_test(max-mte max,mte --pairs 1000)
# A quarter of a billion cases each, and 58 million of routes: not under the sanitizers, where fuzz_sysreg and fuzz_route draw from the same.
set_tests_properties(oracle-sysreg-matrix-max oracle-sysreg-matrix-max-mte oracle-sysreg-matrix-max-gic2 PROPERTIES LABELS "oracle;slow")

add_executable(oracle_route ${CMAKE_SOURCE_DIR}/tests/oracle/route_matrix.c)
target_link_libraries(oracle_route PRIVATE oracle_sysreg)
add_test(NAME oracle-route COMMAND oracle_route)
set_tests_properties(oracle-route PROPERTIES LABELS "oracle;slow" TIMEOUT 1800)
