// one sided
// An eyeball. aux: direction from its centre. params: 0 iris, redness of the white; 7 where it looks.
const float IRIS = .46, PUPIL = .17;    // radians

void surface(inout Surface s) {
    vec3 d = normalize(s.aux.xyz), gaze = params[7].xyz;
    float a = acos(clamp(dot(d, gaze), -1., 1.));
    vec3 across = normalize(cross(up, gaze));
    float turn = atan(dot(d, cross(gaze, across)), dot(d, across)), red = params[0].a;
    vec3 white = vec3(.72, .66, .62) * (.92 + .1 * noise(d * 8.));
    white = mix(white, vec3(.6, .25, .2), smoothstep(.6, .75, noise(vec3(turn * 9., a * 7., seed))) * smoothstep(.6, 1.1, a) * .35 + .25 * red);
    float fibres = noise(vec3(turn * 14., a * 9., seed)) * .6 + noise(vec3(turn * 30., a * 4., seed + 5.)) * .4;
    vec3 iris = params[0].rgb * (.45 + 1.1 * fibres) * mix(1.5, .7, smoothstep(.2, .46, a));
    iris = mix(iris, params[0].rgb * .25, smoothstep(IRIS - .09, IRIS, a));
    s.albedo = mix(iris, white, smoothstep(IRIS - .015, IRIS + .035, a));
    s.albedo = mix(vec3(.008), s.albedo, smoothstep(PUPIL - .02, PUPIL + .03, a));
    float lid = dot(d, up);
    s.occlusion = mix(1., .35, smoothstep(-.05, .5, lid)) * mix(1., .55, smoothstep(.1, -.5, lid))
        * mix(1., .5, smoothstep(.6, .95, abs(dot(d, normalize(cross(up, forward))))));
    s.roughness = .07;
    s.reflectance = .03;
    s.mirror = 1.;
    if (a < IRIS) s.normal = normalize(mix(s.normal, gaze, .25));
    s.scatter = .25;
    s.wrap = .2;
    s.glow = key_colour * 1.2 * smoothstep(.975, .985, dot(reflect(-s.view, s.normal), key_direction)) * s.occlusion;
}
