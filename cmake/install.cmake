# cmake --install: program, library, header, pkg-config file, man page, shell completion.
install(TARGETS el2sim RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS libel2sim ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/el2sim DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
# Relative to the file itself: `cmake --install --prefix` may choose another place.
file(RELATIVE_PATH EL2SIM_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/el2sim.pc.in el2sim.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/el2sim.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES docs/el2sim.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 OPTIONAL)
install(FILES docs/completion/el2sim.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        RENAME el2sim OPTIONAL)
install(FILES docs/completion/_el2sim DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions OPTIONAL)
