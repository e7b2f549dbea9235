// The tongue.
void surface(inout Surface s) {
    s.albedo = vec3(.48, .17, .16) * (.8 + .4 * noise(s.rest * 40.));
    s.roughness = .3;
    s.occlusion = .4;
    s.scatter = 1.;
}
