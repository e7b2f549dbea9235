// Tongue.
void surface(inout Surface s) {
    s.albedo = vec3(.40, .13, .12) * (.8 + .4 * noise(s.rest * 40.));
    s.occlusion = .4;
    s.roughness = .35;
    s.scatter = 1.;
}
