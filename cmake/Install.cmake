# The installed form: program, library, headers, CMake package, pkg-config file.
install(TARGETS quern RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS quern_shared quern_static
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(layer core mpi features ml)
  install(DIRECTORY ${layer} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/quern FILES_MATCHING PATTERN "*.h")
endforeach()
configure_package_config_file(cmake/quern-config.cmake.in quern-config.cmake
                              INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/quern)
write_basic_package_version_file(quern-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/quern-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/quern-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/quern)
file(RELATIVE_PATH QUERN_PC_UP /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/quern.pc.in quern.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/quern.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
