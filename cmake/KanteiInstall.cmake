# cmake --install: the program, its models and completion, and a package that find_package(kantei) finds.
include(CMakePackageConfigHelpers)

# What others may include. Headers that are not here are private to their folder.
set(KANTEI_PUBLIC_HEADERS
    base/band.h base/cancellation.h base/code256.h base/cpu.h base/files.h base/http_client.h base/json.h base/json_fields.h
    base/log.h base/logistic_fit.h base/parallel.h base/parallel_inl.h base/progress.h base/random.h base/result.h base/sha256.h
    base/text.h
    image/cutout.h image/decode.h image/draw.h image/encode.h image/image.h image/plane.h image/ssim.h image/transform.h
    store/catalog.h store/hamming_index.h store/hash_list.h store/inverted_index.h store/vector_index.h
    nn/embedding_network.h nn/lpips.h nn/manipulation_network.h nn/safetensors.h nn/segmenter.h
    copy/descriptor_library.h copy/descriptor_model.h copy/descriptor_profile.h copy/descriptor_search.h copy/detector.h
    copy/enroll.h copy/local_features.h copy/pdq.h copy/query_views.h copy/score_normalisation.h copy/view_offsets.h
    dataset/authenticity_readers.h dataset/authenticity_samples.h dataset/authenticity_set.h dataset/authenticity_view.h
    dataset/build_plan.h dataset/build_set.h dataset/chat_endpoint.h dataset/copy_benchmark.h dataset/copy_folder.h
    dataset/deceptiveness.h dataset/disc_files.h dataset/edits.h dataset/forgery_maker.h dataset/forgery_set.h
    dataset/mask_maker.h dataset/object_statistics.h dataset/offline_ideas.h dataset/replacement.h dataset/saor.h
    generate/autoencoder.h generate/avoid_record.h generate/avoid_shape.h generate/clip_tokenizer.h generate/control_picture.h
    generate/diffusion_config.h generate/diffusion_model.h generate/generation_record.h generate/guarded_generation.h
    generate/inpaint_engine.h generate/memorisation.h generate/mitigation.h generate/noise_schedule.h generate/sampler.h
    generate/scheduler.h generate/segmented_subject.h generate/soft_realism.h generate/subject_mask.h
    authenticity/anixplore_detector.h authenticity/authenticity_profile.h authenticity/detector_factory.h
    authenticity/generated_mark.h authenticity/manipulation_detector.h authenticity/map_regions.h authenticity/metadata.h
    authenticity/realism.h authenticity/softness.h authenticity/traces.h
    train/authenticity_trainer.h train/autoencoder_trainer.h train/captions.h train/descriptor_trainer.h train/diffusion_trainer.h
    train/training_schedule.h train/vocabulary_trainer.h
    evaluate/authenticity_metrics.h evaluate/authenticity_pixel_metrics.h evaluate/copy_calibration.h evaluate/copy_metrics.h
    evaluate/generation_evaluation.h evaluate/generation_report.h evaluate/rank_statistics.h evaluate/survey_report.h
    evaluate/survey_results.h
    inspect/evidence.h inspect/inspector.h inspect/record_finding.h inspect/report_html.h inspect/report_json.h)
set(KANTEI_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/kantei)

# The command line and the server belong to the program, not to the package.
get_property(exported GLOBAL PROPERTY KANTEI_TARGETS)
list(REMOVE_ITEM exported kantei_cli kantei_server)

install(TARGETS kantei RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS ${exported} EXPORT kanteiTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(header ${KANTEI_PUBLIC_HEADERS})
  get_filename_component(folder ${header} DIRECTORY)
  install(FILES src/kantei/${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/kantei/${folder})
endforeach()
install(EXPORT kanteiTargets NAMESPACE kantei:: DESTINATION ${KANTEI_PACKAGE_DIR})
configure_package_config_file(cmake/kanteiConfig.cmake.in ${CMAKE_BINARY_DIR}/kanteiConfig.cmake
                              INSTALL_DESTINATION ${KANTEI_PACKAGE_DIR} PATH_VARS CMAKE_INSTALL_DATADIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/kanteiConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/kanteiConfig.cmake ${CMAKE_BINARY_DIR}/kanteiConfigVersion.cmake
        DESTINATION ${KANTEI_PACKAGE_DIR})

install(DIRECTORY models/ DESTINATION ${CMAKE_INSTALL_DATADIR}/kantei/models)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/kantei.bash
                   COMMAND kantei completion bash > ${CMAKE_BINARY_DIR}/kantei.bash
                   DEPENDS kantei VERBATIM)
add_custom_target(kantei_completion ALL DEPENDS ${CMAKE_BINARY_DIR}/kantei.bash)
install(FILES ${CMAKE_BINARY_DIR}/kantei.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        RENAME kantei)
