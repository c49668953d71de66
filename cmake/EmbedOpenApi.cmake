# kantei_embed_openapi(TARGET): compiles docs/openapi.yaml into TARGET, which then has kantei::server::OpenApiDocument().
function(kantei_embed_openapi target)
  set(document ${CMAKE_SOURCE_DIR}/docs/openapi.yaml)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${document})
  file(READ ${document} KANTEI_OPENAPI)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/openapi_document.cc.in ${CMAKE_BINARY_DIR}/openapi_document.cc @ONLY)
  target_sources(${target} PRIVATE ${CMAKE_BINARY_DIR}/openapi_document.cc)
endfunction()
